import NIOCore

/// Writes commands (arrays of bulk strings) straight into the buffer that will be sent.
public struct RESPWriter {
    public private(set) var buffer: ByteBuffer
    /// Puts `ASKING` before every command: a cluster node that is taking over a slot serves a key of
    /// it only then, and forgets after each command.
    var isAsking = false

    init(buffer: ByteBuffer = ByteBuffer()) { self.buffer = buffer }

    /// Begins a command of so many parts, its name included; exactly so many must be written.
    public mutating func begin(parts: Int) {
        if isAsking { buffer.writeStaticString("*1\r\n$6\r\nASKING\r\n") }
        writeCount(UInt8(ascii: "*"), parts)
    }

    /// Begins a command whose header and first parts are known ahead, in RESP's own form
    /// (`*2\r\n$4\r\nPTTL\r\n`).
    public mutating func begin(encoded: StaticString) {
        if isAsking { buffer.writeStaticString("*1\r\n$6\r\nASKING\r\n") }
        buffer.writeStaticString(encoded)
    }

    public mutating func write(_ text: String) {
        writeCount(UInt8(ascii: "$"), text.utf8.count)
        buffer.writeString(text)
        writeLineEnd()
    }

    public mutating func write(_ bytes: ByteBuffer) {
        writeCount(UInt8(ascii: "$"), bytes.readableBytes)
        buffer.writeImmutableBuffer(bytes)
        writeLineEnd()
    }

    public mutating func write(_ number: Int) { write(String(number)) }

    /// A whole command of texts.
    public mutating func command(_ parts: String...) { command(parts) }

    public mutating func command(_ parts: [String]) {
        begin(parts: parts.count)
        for part in parts { write(part) }
    }

    /// Appends whole commands, or parts of one, that are in RESP already.
    mutating func append(_ encoded: ByteBuffer) { buffer.writeImmutableBuffer(encoded) }

    mutating func append(encoded: StaticString) { buffer.writeStaticString(encoded) }

    /// Hands over what was written and starts anew. The storage is used again once the receiver has
    /// let go of it, unless one large command has made it big.
    mutating func take() -> ByteBuffer {
        let taken = buffer
        if buffer.capacity > Self.keptCapacityBytes { buffer = ByteBuffer() }
        return taken
    }

    /// To be called after the bytes of ``take()`` have gone out.
    mutating func reset() { buffer.clear() }

    private static let keptCapacityBytes = 256 << 10

    private mutating func writeLineEnd() { buffer.writeInteger(0x0d0a as UInt16) }

    private mutating func writeCount(_ mark: UInt8, _ count: Int) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 24) { bytes in
            bytes[0] = mark
            var end = 1
            var scale = 1
            while count / scale >= 10 { scale *= 10 }
            while scale > 0 {
                bytes[end] = 0x30 + UInt8(truncatingIfNeeded: count / scale % 10)
                end += 1
                scale /= 10
            }
            bytes[end] = 0x0d
            bytes[end + 1] = 0x0a
            return end + 2
        }
    }
}
