// MechaWire (L1): everything between sockets and capabilities. Event loops and the executor that keeps
// a request on its loop, HTTP/1.1, HTTP/2 and gRPC servers and clients, TLS, pools, limits.
// It may import NIO, MechaCore, MechaResiliency (reconnection), MechaTelemetry and MechaProto (gRPC health and reflection messages).
//
// One abstraction carries all protocols: a ``ServerExchange`` is a request that came in with its
// response, a ``ClientExchange`` is one that goes out; both belong to an event loop. gRPC and proxying
// are written on top of them and do not know which HTTP version runs below.
