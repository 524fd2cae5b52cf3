// MechaRabbitMQ (L2): RabbitMQ, spoken by protocol code of our own (AMQP 0-9-1 with RabbitMQ's extensions, over TCP
// and TLS), and the components on top of it: `pubsub.rabbitmq` and `bindings.rabbitmq`.
// It may import NIO, MechaCore, MechaResiliency and MechaWire (event loops, sockets), and no other component.
//
// Protocol/  frames, methods, tables and properties as values: reading and writing; knows no channel
// Session/   what has to happen when: login, content, publishes and their confirms, as state machines
// Client/    one connection and its channels, the link that renews it, what the metadata says
// PubSub/    publisher, feeds, the layout of exchanges and queues
// Bindings/  the binding
