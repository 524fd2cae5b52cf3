import NIOCore

/// Writes a tar archive of plain files: the same bytes for the same files, whoever writes them and when.
struct TarWriter {
    private(set) var bytes = ByteBuffer()

    /// - Parameter path: up to 100 bytes; our own names are shorter.
    mutating func add(_ path: String, _ content: ByteBuffer, mode: Int = 0o644) {
        var header = ByteBuffer(repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) { header.setString(text, at: offset) }
        put(String(path.prefix(100)), at: 0)
        put(Self.octal(mode, digits: 7), at: 100)
        put(Self.octal(0, digits: 7), at: 108)
        put(Self.octal(0, digits: 7), at: 116)
        put(Self.octal(content.readableBytes, digits: 11), at: 124)
        put(Self.octal(0, digits: 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        let sum = header.readableBytesView.reduce(0) { $0 + Int($1) }
        put(Self.octal(sum, digits: 6) + "\u{0} ", at: 148)
        bytes.writeImmutableBuffer(header)
        bytes.writeImmutableBuffer(content)
        bytes.writeRepeatingByte(0, count: (512 - content.readableBytes % 512) % 512)
    }

    /// The archive with its end.
    func finished() -> ByteBuffer {
        var bytes = bytes
        bytes.writeRepeatingByte(0, count: 1_024)
        return bytes
    }

    private static func octal(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
