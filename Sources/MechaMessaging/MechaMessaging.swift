// MechaMessaging (L3): what happens between brokers and apps. Publishing: envelope, scopes, limits.
// Delivery: subscriptions of all four forms, routes, retries, dead letters, bulk, order, pauses and draining.
// Bindings: events of input bindings to the app, and what the app answers to them.
//
// Brokers and bindings are known by their contracts in MechaCore, apps by EventTarget and LocalApp of
// MechaInvocation. It may import L0, L1 and MechaInvocation.
