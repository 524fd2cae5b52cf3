import NIOCore

/// An application message on its way (MQTT §3.3).
struct MQTTPublish: Equatable, Sendable {
    var topic: String
    var payload: ByteBuffer
    var qos = MQTTQoS.atMostOnce
    var isRetained = false
    /// It may have been sent before.
    var isDuplicate = false
    /// 0 with QoS 0.
    var packetID: UInt16 = 0
    var properties = MQTTProperties.none

    var flags: UInt8 { (isDuplicate ? 8 : 0) | qos.rawValue << 1 | (isRetained ? 1 : 0) }

    func remainingLength(_ version: MQTTVersion) -> Int {
        var length = 2 + topic.utf8.count + payload.readableBytes + (qos == .atMostOnce ? 0 : 2)
        if version == .v5 {
            let properties = properties.encodedLength
            length += ByteBuffer.mqttVariableLength(properties) + properties
        }
        return length
    }

    /// Bytes of the whole packet.
    func encodedLength(_ version: MQTTVersion) -> Int {
        let remaining = remainingLength(version)
        return 1 + ByteBuffer.mqttVariableLength(remaining) + remaining
    }

    func write(into buffer: inout ByteBuffer, version: MQTTVersion) {
        buffer.writeMQTTText(topic)
        if qos != .atMostOnce { buffer.writeInteger(packetID) }
        if version == .v5 { properties.write(into: &buffer) }
        buffer.writeImmutableBuffer(payload)
    }

    static func read(from buffer: inout ByteBuffer, flags: UInt8, version: MQTTVersion) throws(MQTTError) -> MQTTPublish {
        guard let qos = MQTTQoS(rawValue: flags >> 1 & 3) else { throw MQTTError(.badQoS) }
        guard qos != .atMostOnce || flags & 8 == 0 else { throw MQTTError(.badFlags) }
        let topic = try buffer.readMQTTText()
        var publish = MQTTPublish(topic: topic, payload: ByteBuffer(), qos: qos, isRetained: flags & 1 != 0, isDuplicate: flags & 8 != 0)
        if qos != .atMostOnce { publish.packetID = try buffer.readMQTTPacketID() }
        if version == .v5 { publish.properties = try MQTTProperties.read(from: &buffer) }
        // We never offer topic aliases, so a topic is always there.
        guard MQTTTopic.isName(topic) else { throw MQTTError(.badTopic) }
        publish.payload = buffer.readSlice(length: buffer.readableBytes) ?? ByteBuffer()
        return publish
    }

    /// The same message, whatever way it came.
    func isSameMessage(as other: MQTTPublish) -> Bool { topic == other.topic && qos == other.qos && payload == other.payload }
}
