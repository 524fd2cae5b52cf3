import NIOCore

/// Headers of a message: `NATS/1.0`, perhaps a status code and its text, then lines of name and value.
struct NATSHeaders: Sendable, Equatable {
    /// Set in messages that the server itself sends (100 heartbeat, 404 no messages, 408 time over, 503 nobody listens).
    var status: Int?
    /// The words after the status.
    var statusText = ""
    var fields: [(name: String, value: String)] = []

    init() {}

    static func == (a: NATSHeaders, b: NATSHeaders) -> Bool {
        a.status == b.status && a.statusText == b.statusText && a.fields.elementsEqual(b.fields) { $0 == $1 }
    }

    /// The first value of a name, compared without case.
    subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value ?? fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    private static let version = "NATS/1.0"

    /// Reads a whole block, its empty line at the end included.
    init(_ block: ByteBuffer) throws(NATSProtocolError) {
        let text = String(buffer: block)
        guard text.hasPrefix(Self.version), text.hasSuffix("\r\n\r\n") else { throw NATSProtocolError("malformed headers") }
        let lines = text.utf8.split(separator: UInt8(ascii: "\r"), omittingEmptySubsequences: false)
        guard let first = lines.first else { throw NATSProtocolError("malformed headers") }
        let words = first.dropFirst(Self.version.utf8.count)
        try readStatus(Substring(words))
        for line in lines.dropFirst() {
            let content = Substring(line.drop { $0 == UInt8(ascii: "\n") })
            if content.isEmpty { continue }
            guard let colon = content.utf8.firstIndex(of: UInt8(ascii: ":")), colon > content.startIndex else {
                throw NATSProtocolError("a header line without a name")
            }
            let value = content[content.utf8.index(after: colon)...]
            fields.append((String(content[..<colon]), String(value.drop { $0 == " " })))
        }
    }

    private mutating func readStatus(_ words: Substring) throws(NATSProtocolError) {
        let words = words.drop { $0 == " " }
        if words.isEmpty { return }
        let digits = words.prefix { $0 != " " }
        guard digits.utf8.count == 3, let code = Int(digits) else { throw NATSProtocolError("a header status that is no number") }
        status = code
        statusText = String(words.dropFirst(3).drop { $0 == " " })
    }

    /// Appends the block for fields; nothing in them may break a line.
    static func write(_ fields: [(name: String, value: String)], into buffer: inout ByteBuffer) {
        buffer.writeStaticString("NATS/1.0\r\n")
        for field in fields {
            buffer.writeString(field.name)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    /// Whether a name and value can be sent as they are.
    static func isLegal(name: String, value: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
            && value.utf8.allSatisfy { $0 != 0x0d && $0 != 0x0a }
    }
}
