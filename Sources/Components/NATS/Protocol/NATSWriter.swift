import NIOCore

/// Writes operations of a client straight into the buffer that will be sent.
struct NATSWriter {
    private(set) var buffer = ByteBuffer()

    mutating func connect(_ options: ByteBuffer) {
        buffer.writeStaticString("CONNECT ")
        buffer.writeImmutableBuffer(options)
        buffer.writeStaticString("\r\n")
    }

    mutating func ping() { buffer.writeStaticString("PING\r\n") }
    mutating func pong() { buffer.writeStaticString("PONG\r\n") }

    mutating func subscribe(_ subject: String, queue: String?, id: UInt64) {
        buffer.writeStaticString("SUB ")
        buffer.writeString(subject)
        if let queue {
            buffer.writeStaticString(" ")
            buffer.writeString(queue)
        }
        buffer.writeString(" \(id)\r\n")
    }

    mutating func unsubscribe(_ id: UInt64) { buffer.writeString("UNSUB \(id)\r\n") }

    /// `PUB`, or `HPUB` when there are headers.
    mutating func publish(_ subject: String, reply: String? = nil, headers: [(name: String, value: String)] = [], body: ByteBuffer) {
        guard !headers.isEmpty else {
            head("PUB ", subject, reply)
            buffer.writeString("\(body.readableBytes)\r\n")
            finish(body)
            return
        }
        head("HPUB ", subject, reply)
        let headerBytes = 12 + headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        buffer.writeString("\(headerBytes) \(headerBytes + body.readableBytes)\r\n")
        NATSHeaders.write(headers, into: &buffer)
        finish(body)
    }

    private mutating func head(_ name: StaticString, _ subject: String, _ reply: String?) {
        buffer.writeStaticString(name)
        buffer.writeString(subject)
        buffer.writeStaticString(" ")
        guard let reply else { return }
        buffer.writeString(reply)
        buffer.writeStaticString(" ")
    }

    private mutating func finish(_ body: ByteBuffer) {
        buffer.writeImmutableBuffer(body)
        buffer.writeStaticString("\r\n")
    }

    /// Hands over what was written and starts anew, with the same storage unless one large message has made it big.
    mutating func take() -> ByteBuffer {
        let taken = buffer
        if buffer.capacity > Self.keptCapacityBytes { buffer = ByteBuffer() }
        return taken
    }

    /// To be called after the bytes of ``take()`` have gone out.
    mutating func reset() { buffer.clear() }

    private static let keptCapacityBytes = 64 << 10
}
