// MechaMQTT (L2): MQTT brokers, spoken by protocol code of our own (MQTT 3.1.1 and 5 over TCP and TLS), and the
// components on top of it: `pubsub.mqtt3` and `bindings.mqtt3`.
// It may import NIO, MechaCore, MechaResiliency and MechaWire (event loops, sockets), and no other component.
//
// Packets/   the protocol's packets as values: framing, reading, writing; knows no channel
// Session/   what has to happen when: messages on their way out and in, as state machines
// Client/    one connection, the link that renews it, what the metadata says
// PubSub/    publisher, consumers by group, feeds
// Bindings/  the binding
