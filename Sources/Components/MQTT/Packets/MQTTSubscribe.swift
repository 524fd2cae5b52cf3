import NIOCore

/// A request for messages (MQTT §3.8).
struct MQTTSubscribe: Equatable, Sendable {
    struct Filter: Equatable, Sendable {
        var filter: String
        var qos: MQTTQoS
        /// Retain handling 1 of version 5: kept messages come for a new subscription only.
        var skipsRetainedIfKnown = false

        var options: UInt8 { qos.rawValue | (skipsRetainedIfKnown ? 0x10 : 0) }
    }

    var packetID: UInt16
    var filters: [Filter]
    var properties = MQTTProperties.none

    func write(into buffer: inout ByteBuffer, version: MQTTVersion) {
        buffer.writeInteger(packetID)
        if version == .v5 { properties.write(into: &buffer) }
        for filter in filters {
            buffer.writeMQTTText(filter.filter)
            buffer.writeInteger(version == .v5 ? filter.options : filter.qos.rawValue)
        }
    }

    static func read(from buffer: inout ByteBuffer, version: MQTTVersion) throws(MQTTError) -> MQTTSubscribe {
        var subscribe = MQTTSubscribe(packetID: try buffer.readMQTTPacketID(), filters: [])
        if version == .v5 { subscribe.properties = try MQTTProperties.read(from: &buffer) }
        while buffer.readableBytes > 0 {
            let filter = try buffer.readMQTTText()
            let options = try buffer.readMQTT(UInt8.self)
            guard let qos = MQTTQoS(rawValue: options & 3) else { throw MQTTError(.badQoS) }
            guard version == .v5 ? options & 0xec == 0 : options & 0xfc == 0 else { throw MQTTError(.badFlags) }
            subscribe.filters.append(Filter(filter: filter, qos: qos, skipsRetainedIfKnown: options & 0x10 != 0))
        }
        guard !subscribe.filters.isEmpty else { throw MQTTError(.emptyList) }
        return subscribe
    }
}
