import NIOCore

/// Cuts a stream of bytes into frames.
struct AMQPFramer {
    /// As agreed with the server, frame overhead included; before that the smallest that a peer must take.
    var maximumFrameBytes = 4096
    private var bytes = ByteBuffer()

    mutating func append(_ more: ByteBuffer) {
        var more = more
        if bytes.readableBytes == 0 {
            bytes = more
        } else {
            bytes.writeBuffer(&more)
        }
    }

    /// The next frame; nil until it is complete.
    mutating func next() throws(AMQPError) -> AMQPFrame? {
        let start = bytes.readerIndex
        guard let type = bytes.getInteger(at: start, as: UInt8.self) else { return nil }
        guard let kind = AMQPFrame.Kind(rawValue: type) else {
            // "AMQP" and a version: the server does not speak ours.
            throw AMQPError(type == UInt8(ascii: "A") ? .badVersion : .badFrameType)
        }
        guard let channel = bytes.getInteger(at: start + 1, as: UInt16.self), let length = bytes.getInteger(at: start + 3, as: UInt32.self)
        else { return nil }
        guard Int(length) + AMQPFrame.overhead <= maximumFrameBytes else { throw AMQPError(.oversizedFrame) }
        let total = Int(length) + AMQPFrame.overhead
        guard bytes.readableBytes >= total else { return nil }
        guard bytes.getInteger(at: start + total - 1, as: UInt8.self) == AMQPFrame.end else { throw AMQPError(.badFrameEnd) }
        bytes.moveReaderIndex(forwardBy: 7)
        let payload = bytes.readSlice(length: Int(length)) ?? ByteBuffer()
        bytes.moveReaderIndex(forwardBy: 1)
        // A framer that waits holds no memory.
        if bytes.readableBytes == 0 { bytes = ByteBuffer() }
        return AMQPFrame(kind: kind, channel: channel, payload: payload)
    }
}
