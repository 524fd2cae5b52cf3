/// The protocol's versions, by the number that CONNECT carries (MQTT 3.1.1 §3.1.2.2, MQTT 5 §3.1.2.2).
enum MQTTVersion: UInt8, Sendable {
    case v311 = 4
    case v5 = 5
}
