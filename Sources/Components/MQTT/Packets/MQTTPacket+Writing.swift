import NIOCore

extension MQTTPacket {
    /// Appends the packet as it goes over the wire.
    func write(into buffer: inout ByteBuffer, version: MQTTVersion) {
        if case .publish(let publish) = self {
            // The frequent one, and the only large one: its length is known beforehand.
            let length = publish.remainingLength(version)
            buffer.reserveCapacity(minimumWritableBytes: length + 5)
            buffer.writeInteger(MQTTPacketType.publish.rawValue << 4 | publish.flags)
            buffer.writeMQTTVariable(length)
            return publish.write(into: &buffer, version: version)
        }
        var body = ByteBuffer()
        switch self {
        case .connect(let packet): packet.write(into: &body)
        case .connack(let packet): packet.write(into: &body, version: version)
        case .step(let packet): packet.write(into: &body, version: version)
        case .subscribe(let packet): packet.write(into: &body, version: version)
        case .suback(let packet): packet.write(into: &body, version: version)
        case .unsubscribe(let packet): packet.write(into: &body, version: version)
        case .unsuback(let packet):
            packet.write(into: &body, version: version)
            // 3.1.1 has no reasons here.
            if version == .v311 { body.moveWriterIndex(to: 2) }
        case .disconnect(let reason, let properties):
            if version == .v5, reason != .success || properties != .none {
                body.writeInteger(reason.code)
                if properties != .none { properties.write(into: &body) }
            }
        case .publish, .pingreq, .pingresp: break
        }
        buffer.writeInteger(type.rawValue << 4 | (type.flags ?? 0))
        buffer.writeMQTTVariable(body.readableBytes)
        buffer.writeBuffer(&body)
    }

    var type: MQTTPacketType {
        switch self {
        case .connect: .connect
        case .connack: .connack
        case .publish: .publish
        case .step(let step):
            switch step.kind {
            case .puback: .puback
            case .pubrec: .pubrec
            case .pubrel: .pubrel
            case .pubcomp: .pubcomp
            }
        case .subscribe: .subscribe
        case .suback: .suback
        case .unsubscribe: .unsubscribe
        case .unsuback: .unsuback
        case .pingreq: .pingreq
        case .pingresp: .pingresp
        case .disconnect: .disconnect
        }
    }
}
