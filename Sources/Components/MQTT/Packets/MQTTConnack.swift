import NIOCore

/// The server's answer to CONNECT (MQTT §3.2).
struct MQTTConnack: Equatable, Sendable {
    /// The server still has the session of this client id.
    var isSessionPresent = false
    var reason = MQTTReason.success
    var properties = MQTTProperties.none

    func write(into buffer: inout ByteBuffer, version: MQTTVersion) {
        buffer.writeInteger(UInt8(isSessionPresent ? 1 : 0))
        switch version {
        case .v311: buffer.writeInteger(reason.connectReturnCode)
        case .v5:
            buffer.writeInteger(reason.code)
            properties.write(into: &buffer)
        }
    }

    static func read(from buffer: inout ByteBuffer, version: MQTTVersion) throws(MQTTError) -> MQTTConnack {
        let flags = try buffer.readMQTT(UInt8.self)
        guard flags & 0xfe == 0 else { throw MQTTError(.badFlags) }
        let code = try buffer.readMQTT(UInt8.self)
        var connack = MQTTConnack(isSessionPresent: flags == 1)
        connack.reason = version == .v5 ? MQTTReason(code) : MQTTReason(connectReturnCode: code)
        // A server that does not know version 5 may answer in the form of 3.1.1, without properties.
        if version == .v5, buffer.readableBytes > 0 { connack.properties = try MQTTProperties.read(from: &buffer) }
        return connack
    }
}
