// MechaRedis (L2): Redis and what speaks its protocol. A RESP driver with one pipelined connection per
// event loop (single node, Sentinel, Cluster; TCP, TLS, Unix sockets) and the components on top of it:
// `state.redis` now, pub/sub, lock, configuration and bindings later.
// It may import NIO, NIOSSL, MechaCore and MechaWire (event loops), and no other component.
//
// RESP/        the protocol: framing, reading, writing; knows no channel
// Connection/  one connection: its pipeline of requests, hello, keep-alive, reconnection
// Topology/    which server holds a key: Sentinel, Cluster slots, redirects
// Client/      what components use: configuration, calls by key, scripts
// State/       the state store
