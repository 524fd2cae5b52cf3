// MechaHost (L3): an app as the runtime sees it. `Host` holds what the apps of a process share
// (event loops, component instances, telemetry); `AppRuntime` is one app with its own ports, tokens,
// scopes and limits, and the only door through which a front end reaches a capability: key prefixes,
// encryption, scopes, metrics and policies are applied here and nowhere else.
// It may import L0, L1 and MechaInvocation; it knows components only by their L0 contracts.
