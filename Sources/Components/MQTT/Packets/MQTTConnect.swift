import NIOCore

/// The first packet of a client (MQTT §3.1). Wills are not used here and not read.
struct MQTTConnect: Equatable, Sendable {
    var version = MQTTVersion.v311
    var clientID = ""
    /// 3.1.1: clean session. 5: clean start.
    var isClean = true
    /// Seconds; 0 for none.
    var keepAlive: UInt16 = 0
    var username: String?
    var password: String?
    var properties = MQTTProperties.none

    func write(into buffer: inout ByteBuffer) {
        buffer.writeMQTTText("MQTT")
        buffer.writeInteger(version.rawValue)
        var flags: UInt8 = 0
        if isClean { flags |= 0x02 }
        if password != nil { flags |= 0x40 }
        if username != nil { flags |= 0x80 }
        buffer.writeInteger(flags)
        buffer.writeInteger(keepAlive)
        if version == .v5 { properties.write(into: &buffer) }
        buffer.writeMQTTText(clientID)
        if let username { buffer.writeMQTTText(username) }
        if let password { buffer.writeMQTTText(password) }
    }

    static func read(from buffer: inout ByteBuffer) throws(MQTTError) -> MQTTConnect {
        guard try buffer.readMQTTText() == "MQTT", let version = MQTTVersion(rawValue: try buffer.readMQTT(UInt8.self)) else {
            throw MQTTError(.badProtocol)
        }
        let flags = try buffer.readMQTT(UInt8.self)
        guard flags & 0x3d == 0 else { throw MQTTError(.badFlags) }
        var connect = MQTTConnect(version: version, isClean: flags & 0x02 != 0)
        connect.keepAlive = try buffer.readMQTT(UInt16.self)
        if version == .v5 { connect.properties = try MQTTProperties.read(from: &buffer) }
        connect.clientID = try buffer.readMQTTText()
        if flags & 0x80 != 0 { connect.username = try buffer.readMQTTText() }
        if flags & 0x40 != 0 { connect.password = try buffer.readMQTTText() }
        return connect
    }
}
