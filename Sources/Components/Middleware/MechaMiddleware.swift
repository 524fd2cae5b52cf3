// MechaMiddleware (L2): the steps of HTTP pipelines, `middleware.http.*`.
// It may import NIO, swift-crypto, MechaCore, MechaExpressions (regular expressions) and MechaWire, and no other
// component.
