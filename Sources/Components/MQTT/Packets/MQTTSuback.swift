import NIOCore

/// The answer to SUBSCRIBE or UNSUBSCRIBE: a reason per filter (MQTT §3.9, §3.11).
struct MQTTSuback: Equatable, Sendable {
    var packetID: UInt16
    var reasons: [MQTTReason]
    var properties = MQTTProperties.none

    func write(into buffer: inout ByteBuffer, version: MQTTVersion) {
        buffer.writeInteger(packetID)
        if version == .v5 { properties.write(into: &buffer) }
        for reason in reasons { buffer.writeInteger(reason.code) }
    }

    static func read(from buffer: inout ByteBuffer, version: MQTTVersion) throws(MQTTError) -> MQTTSuback {
        var suback = MQTTSuback(packetID: try buffer.readMQTTPacketID(), reasons: [])
        if version == .v5 { suback.properties = try MQTTProperties.read(from: &buffer) }
        while let code = buffer.readInteger(as: UInt8.self) { suback.reasons.append(MQTTReason(code)) }
        return suback
    }
}
