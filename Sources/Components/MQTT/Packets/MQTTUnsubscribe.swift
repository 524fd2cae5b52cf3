import NIOCore

/// The end of subscriptions (MQTT §3.10).
struct MQTTUnsubscribe: Equatable, Sendable {
    var packetID: UInt16
    var filters: [String]
    var properties = MQTTProperties.none

    func write(into buffer: inout ByteBuffer, version: MQTTVersion) {
        buffer.writeInteger(packetID)
        if version == .v5 { properties.write(into: &buffer) }
        for filter in filters { buffer.writeMQTTText(filter) }
    }

    static func read(from buffer: inout ByteBuffer, version: MQTTVersion) throws(MQTTError) -> MQTTUnsubscribe {
        var unsubscribe = MQTTUnsubscribe(packetID: try buffer.readMQTTPacketID(), filters: [])
        if version == .v5 { unsubscribe.properties = try MQTTProperties.read(from: &buffer) }
        while buffer.readableBytes > 0 { unsubscribe.filters.append(try buffer.readMQTTText()) }
        guard !unsubscribe.filters.isEmpty else { throw MQTTError(.emptyList) }
        return unsubscribe
    }
}
