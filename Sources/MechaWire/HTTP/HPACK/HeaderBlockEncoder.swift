import NIOCore

/// Writes header blocks of one connection (RFC 7541), in the order in which they leave.
///
/// Fields that most responses have in the same form go into the table and are one byte from then on; all
/// others are written as they are, which is cheaper for both sides than to remember or to compress them.
struct HeaderBlockEncoder {
    private var table = HeaderTable()
    /// Sizes the peer must be told of before the next block: the smallest one in between and the last.
    private var announced: (lowest: Int, last: Int)?

    /// Values up to this size go into the table.
    private static let rememberedValueBytes = 64
    private static let staticCount = 61

    /// The peer's SETTINGS_HEADER_TABLE_SIZE; what it offers beyond the standard is not used.
    mutating func limitTable(to peerBytes: Int) {
        let bytes = min(peerBytes, HeaderTable.standardBytes)
        guard bytes != table.limitBytes else { return }
        announced = (min(bytes, announced?.lowest ?? bytes), bytes)
        table.resize(to: bytes)
    }

    /// To be called before the first field of each block.
    mutating func begin(into out: inout ByteBuffer) {
        guard let announced else { return }
        self.announced = nil
        if announced.lowest < announced.last { Self.write(announced.lowest, prefixBits: 5, marked: 0x20, into: &out) }
        Self.write(announced.last, prefixBits: 5, marked: 0x20, into: &out)
    }

    /// `code` must have three digits.
    func append(status code: Int, into out: inout ByteBuffer) {
        switch code {
        case 200: out.writeInteger(UInt8(0x88))
        case 204: out.writeInteger(UInt8(0x89))
        case 206: out.writeInteger(UInt8(0x8a))
        case 304: out.writeInteger(UInt8(0x8b))
        case 400: out.writeInteger(UInt8(0x8c))
        case 404: out.writeInteger(UInt8(0x8d))
        case 500: out.writeInteger(UInt8(0x8e))
        default:
            out.writeInteger(UInt8(0x08))
            Self.write(String(code), into: &out)
        }
    }

    mutating func append(_ name: String, _ value: String, into out: inout ByteBuffer) {
        if name == ":status", let code = Int(value) { return append(status: code, into: &out) }
        let index = StaticHeaderTable.responseIndex(of: name)
        guard Self.isRemembered(name, value) else {
            // A cookie is not to be remembered by anybody on the way either (section 7.1.3).
            return writeLiteral(name, value, index: index, prefixBits: 4, marked: name == "set-cookie" ? 0x10 : 0, into: &out)
        }
        for age in 0..<table.count {
            let field = table[age]
            if field.value == value, field.name == name {
                return Self.write(Self.staticCount + 1 + age, prefixBits: 7, marked: 0x80, into: &out)
            }
        }
        table.insert(HeaderField(name: name, value: value))
        writeLiteral(name, value, index: index, prefixBits: 6, marked: 0x40, into: &out)
    }

    /// Names whose values are few.
    private static func isRemembered(_ name: String, _ value: String) -> Bool {
        switch name.utf8.count {
        case 4: guard name == "vary" else { return false }
        case 6: guard name == "server" else { return false }
        case 11: return name == "grpc-status" && value == "0"
        case 12: guard name == "content-type" else { return false }
        case 13: guard name == "cache-control" || name == "grpc-encoding" else { return false }
        case 16: guard name == "content-encoding" else { return false }
        case 20: guard name == "grpc-accept-encoding" else { return false }
        default: return false
        }
        return value.utf8.count <= rememberedValueBytes
    }

    private func writeLiteral(
        _ name: String, _ value: String, index: Int, prefixBits: Int, marked mark: UInt8, into out: inout ByteBuffer
    ) {
        Self.write(index, prefixBits: prefixBits, marked: mark, into: &out)
        if index == 0 { Self.write(name, into: &out) }
        Self.write(value, into: &out)
    }

    private static func write(_ text: String, into out: inout ByteBuffer) {
        write(text.utf8.count, prefixBits: 7, marked: 0, into: &out)
        out.writeString(text)
    }

    /// An integer behind the mark of its kind (section 5.1).
    private static func write(_ value: Int, prefixBits: Int, marked mark: UInt8, into out: inout ByteBuffer) {
        let mask = 1 << prefixBits - 1
        guard value >= mask else {
            out.writeInteger(mark | UInt8(value))
            return
        }
        out.writeInteger(mark | UInt8(mask))
        var rest = value - mask
        while rest >= 0x80 {
            out.writeInteger(UInt8(rest & 0x7f | 0x80))
            rest >>= 7
        }
        out.writeInteger(UInt8(rest))
    }
}
