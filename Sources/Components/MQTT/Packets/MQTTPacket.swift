import NIOCore

/// One control packet of either version (MQTT §2.1.2). Both directions are here, so that tests can play the broker.
enum MQTTPacket: Equatable, Sendable {
    case connect(MQTTConnect)
    case connack(MQTTConnack)
    case publish(MQTTPublish)
    /// PUBACK, PUBREC, PUBREL, PUBCOMP: the steps of a delivery.
    case step(MQTTStep)
    case subscribe(MQTTSubscribe)
    case suback(MQTTSuback)
    case unsubscribe(MQTTUnsubscribe)
    /// One reason per filter in version 5, none in 3.1.1.
    case unsuback(MQTTSuback)
    case pingreq
    case pingresp
    case disconnect(MQTTReason, MQTTProperties)
}
