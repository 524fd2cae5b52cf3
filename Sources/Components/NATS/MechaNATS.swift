// MechaNATS (L2): NATS and its JetStream. A client with one connection per event loop, reconnection over
// several servers, and `pubsub.jetstream` on top of it.
// It may import NIO, NIOSSL, Crypto, MechaCore and MechaWire (event loops), and no other component.
//
// Protocol/    the text protocol: parsing, writing, headers, keys; knows no channel
// Connection/  one connection: greeting, login, keep-alive; when to make the next one
// Client/      requests and subscriptions over whatever connection there is
// JetStream/   streams, consumers, the pub/sub component
