import NIOCore

extension JSON {
    /// Compact text.
    public var text: String { String(buffer: buffer) }

    /// Compact text as bytes.
    public var buffer: ByteBuffer {
        var buffer = ByteBuffer()
        write(into: &buffer)
        return buffer
    }

    /// Appends compact text.
    public func write(into buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.writeStaticString("null")
        case .bool(let flag): buffer.writeString(flag ? "true" : "false")
        case .number(let text): buffer.writeString(text)
        case .string(let text): buffer.writeJSONString(text)
        case .array(let elements):
            buffer.writeInteger(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
                element.write(into: &buffer)
            }
            buffer.writeInteger(UInt8(ascii: "]"))
        case .object(let members):
            buffer.writeInteger(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
                buffer.writeJSONString(member.name)
                buffer.writeInteger(UInt8(ascii: ":"))
                member.value.write(into: &buffer)
            }
            buffer.writeInteger(UInt8(ascii: "}"))
        }
    }
}

extension ByteBuffer {
    /// Appends `text` quoted and escaped as a JSON string.
    public mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        var plain = text.utf8.startIndex
        for (index, byte) in zip(text.utf8.indices, text.utf8) where byte < 0x20 || byte == 0x22 || byte == 0x5c {
            writeSubstring(text[plain..<index])
            plain = text.utf8.index(after: index)
            switch byte {
            case 0x22: writeStaticString("\\\"")
            case 0x5c: writeStaticString("\\\\")
            case 0x0a: writeStaticString("\\n")
            case 0x0d: writeStaticString("\\r")
            case 0x09: writeStaticString("\\t")
            default:
                let digits = String(byte, radix: 16)
                writeString("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            }
        }
        writeSubstring(text[plain...])
        writeInteger(UInt8(ascii: "\""))
    }
}
