import NIOCore

extension MQTTPacket {
    /// Reads the body that followed a fixed header. Throws for anything that the version does not allow.
    static func read(header: UInt8, body: ByteBuffer, version: MQTTVersion) throws(MQTTError) -> MQTTPacket {
        guard let type = MQTTPacketType(rawValue: header >> 4) else { throw MQTTError(.badType) }
        let flags = header & 0x0f
        if let expected = type.flags, flags != expected { throw MQTTError(.badFlags) }
        var body = body
        let packet = try read(type, flags, &body, version)
        guard body.readableBytes == 0 else { throw MQTTError(.trailing) }
        return packet
    }

    private static func read(
        _ type: MQTTPacketType, _ flags: UInt8, _ body: inout ByteBuffer, _ version: MQTTVersion
    ) throws(MQTTError) -> MQTTPacket {
        switch type {
        case .connect: .connect(try MQTTConnect.read(from: &body))
        case .connack: .connack(try MQTTConnack.read(from: &body, version: version))
        case .publish: .publish(try MQTTPublish.read(from: &body, flags: flags, version: version))
        case .puback: .step(try MQTTStep.read(.puback, from: &body, version: version))
        case .pubrec: .step(try MQTTStep.read(.pubrec, from: &body, version: version))
        case .pubrel: .step(try MQTTStep.read(.pubrel, from: &body, version: version))
        case .pubcomp: .step(try MQTTStep.read(.pubcomp, from: &body, version: version))
        case .subscribe: .subscribe(try MQTTSubscribe.read(from: &body, version: version))
        case .suback: .suback(try MQTTSuback.read(from: &body, version: version))
        case .unsubscribe: .unsubscribe(try MQTTUnsubscribe.read(from: &body, version: version))
        case .unsuback: .unsuback(try MQTTSuback.read(from: &body, version: version))
        case .pingreq: .pingreq
        case .pingresp: .pingresp
        case .disconnect: try readDisconnect(&body, version)
        // We never ask for enhanced authentication.
        case .auth: throw MQTTError(.unexpected)
        }
    }

    private static func readDisconnect(_ body: inout ByteBuffer, _ version: MQTTVersion) throws(MQTTError) -> MQTTPacket {
        guard version == .v5, body.readableBytes > 0 else { return .disconnect(.success, .none) }
        let reason = MQTTReason(try body.readMQTT(UInt8.self))
        let properties = body.readableBytes > 0 ? try MQTTProperties.read(from: &body) : .none
        return .disconnect(reason, properties)
    }
}
