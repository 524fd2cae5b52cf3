// MechaKafka (L2): `pubsub.kafka` and `bindings.kafka` over librdkafka. Only in builds with the trait `Kafka`; all of
// its files are empty in others, so that those need no librdkafka.
// It may import NIO, MechaCore, MechaExpressions and librdkafka, and no other component.
