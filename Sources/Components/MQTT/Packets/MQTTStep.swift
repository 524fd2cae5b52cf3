import NIOCore

/// A step of a delivery with QoS 1 (PUBACK) or 2 (PUBREC, PUBREL, PUBCOMP) (MQTT §3.4 to §3.7).
struct MQTTStep: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        case puback = 4
        case pubrec = 5
        case pubrel = 6
        case pubcomp = 7
    }

    var kind: Kind
    var packetID: UInt16
    /// Always success in 3.1.1.
    var reason = MQTTReason.success
    var properties = MQTTProperties.none

    init(_ kind: Kind, _ packetID: UInt16, _ reason: MQTTReason = .success, _ properties: MQTTProperties = .none) {
        self.kind = kind
        self.packetID = packetID
        self.reason = reason
        self.properties = properties
    }

    func write(into buffer: inout ByteBuffer, version: MQTTVersion) {
        buffer.writeInteger(packetID)
        guard version == .v5, reason != .success || properties != .none else { return }
        buffer.writeInteger(reason.code)
        if properties != .none { properties.write(into: &buffer) }
    }

    static func read(_ kind: Kind, from buffer: inout ByteBuffer, version: MQTTVersion) throws(MQTTError) -> MQTTStep {
        var step = MQTTStep(kind, try buffer.readMQTTPacketID())
        if version == .v5, buffer.readableBytes > 0 {
            step.reason = MQTTReason(try buffer.readMQTT(UInt8.self))
            if buffer.readableBytes > 0 { step.properties = try MQTTProperties.read(from: &buffer) }
        }
        return step
    }
}
