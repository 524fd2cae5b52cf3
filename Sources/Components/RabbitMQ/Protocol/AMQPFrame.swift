import NIOCore

/// One frame (AMQP 0-9-1 §4.2.3).
struct AMQPFrame: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        case method = 1
        case header = 2
        case body = 3
        case heartbeat = 8
    }

    static let end: UInt8 = 0xce
    /// Bytes around the payload.
    static let overhead = 8

    var kind: Kind
    /// 0 for what concerns the connection.
    var channel: UInt16
    var payload: ByteBuffer

    func write(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(kind.rawValue, channel, UInt32(payload.readableBytes))
        buffer.writeImmutableBuffer(payload)
        buffer.writeInteger(Self.end)
    }

    /// Writes a frame whose payload `body` appends.
    static func write(_ kind: Kind, channel: UInt16, into buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void) {
        buffer.writeMultipleIntegers(kind.rawValue, channel, UInt32(0))
        let start = buffer.writerIndex
        body(&buffer)
        buffer.setInteger(UInt32(buffer.writerIndex - start), at: start - 4)
        buffer.writeInteger(end)
    }
}
