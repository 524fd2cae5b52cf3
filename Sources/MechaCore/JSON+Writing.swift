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
        var text = text
        text.withUTF8 { writeJSONString(utf8: $0) }
    }

    /// The same for text that stands in memory as UTF-8.
    package mutating func writeJSONString(utf8 text: UnsafeBufferPointer<UInt8>) {
        writeInteger(UInt8(ascii: "\""))
        var plain = text.startIndex
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == 0x22 || byte == 0x5c else { continue }
            writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[plain..<index]))
            plain = index + 1
            switch byte {
            case 0x22: writeStaticString("\\\"")
            case 0x5c: writeStaticString("\\\\")
            case 0x0a: writeStaticString("\\n")
            case 0x0d: writeStaticString("\\r")
            case 0x09: writeStaticString("\\t")
            default:
                writeStaticString(byte < 0x10 ? "\\u000" : "\\u001")
                let digit = byte & 0xf
                writeInteger(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
        writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[plain...]))
        writeInteger(UInt8(ascii: "\""))
    }
}
