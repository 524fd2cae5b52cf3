import NIOCore

/// The properties of a message (AMQP 0-9-1, class basic).
struct AMQPProperties: Equatable, Sendable {
    var contentType: String?
    var contentEncoding: String?
    var headers: AMQPTable?
    /// 2 for persistent.
    var deliveryMode: UInt8?
    var priority: UInt8?
    var correlationID: String?
    var replyTo: String?
    /// Milliseconds as decimal text.
    var expiration: String?
    var messageID: String?
    /// Seconds since 1970.
    var timestamp: UInt64?
    var type: String?
    var userID: String?
    var appID: String?
    var clusterID: String?

    func write(into buffer: inout ByteBuffer) {
        let start = buffer.writerIndex
        var flags: UInt16 = 0
        buffer.writeInteger(flags)
        func text(_ value: String?, _ bit: UInt16) {
            guard let value else { return }
            flags |= 1 << bit
            buffer.writeAMQPShortText(value)
        }
        func number(_ value: (some FixedWidthInteger)?, _ bit: UInt16) {
            guard let value else { return }
            flags |= 1 << bit
            buffer.writeInteger(value)
        }
        text(contentType, 15)
        text(contentEncoding, 14)
        if let headers {
            flags |= 1 << 13
            headers.write(into: &buffer)
        }
        number(deliveryMode, 12)
        number(priority, 11)
        text(correlationID, 10)
        text(replyTo, 9)
        text(expiration, 8)
        text(messageID, 7)
        number(timestamp, 6)
        text(type, 5)
        text(userID, 4)
        text(appID, 3)
        text(clusterID, 2)
        buffer.setInteger(flags, at: start)
    }

    static func read(from buffer: inout ByteBuffer) throws(AMQPError) -> AMQPProperties {
        let flags = try buffer.readAMQP(UInt16.self)
        // Bit 0 announces more flags, which this class does not have; bit 1 is none of ours either.
        guard flags & 3 == 0 else { throw AMQPError(.unexpected) }
        func has(_ bit: UInt16) -> Bool { flags & 1 << bit != 0 }
        var properties = AMQPProperties()
        if has(15) { properties.contentType = try buffer.readAMQPShortText() }
        if has(14) { properties.contentEncoding = try buffer.readAMQPShortText() }
        if has(13) { properties.headers = try AMQPTable.read(from: &buffer) }
        if has(12) { properties.deliveryMode = try buffer.readAMQP(UInt8.self) }
        if has(11) { properties.priority = try buffer.readAMQP(UInt8.self) }
        if has(10) { properties.correlationID = try buffer.readAMQPShortText() }
        if has(9) { properties.replyTo = try buffer.readAMQPShortText() }
        if has(8) { properties.expiration = try buffer.readAMQPShortText() }
        if has(7) { properties.messageID = try buffer.readAMQPShortText() }
        if has(6) { properties.timestamp = try buffer.readAMQP(UInt64.self) }
        if has(5) { properties.type = try buffer.readAMQPShortText() }
        if has(4) { properties.userID = try buffer.readAMQPShortText() }
        if has(3) { properties.appID = try buffer.readAMQPShortText() }
        if has(2) { properties.clusterID = try buffer.readAMQPShortText() }
        return properties
    }
}
