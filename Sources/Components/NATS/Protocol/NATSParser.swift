import NIOCore

/// Cuts the bytes of a server into operations (docs.nats.io "NATS client protocol"). A message's body is a
/// slice of the received bytes, not a copy.
struct NATSParser {
    enum Operation: Equatable {
        case info(NATSServerInfo)
        case message(NATSMessage)
        case ping
        case pong
        case ok
        /// What the server complains of, without its quotes.
        case error(String)
    }

    private struct Awaited {
        var message: NATSMessage
        var headerBytes: Int
        var totalBytes: Int
    }

    private let limits: NATSLimits
    private var buffer = ByteBuffer()
    /// A message whose line is here and whose bytes are not.
    private var awaited: Awaited?
    /// How much of the line under way was looked at, so that it is looked at once.
    private var scanned = 0

    init(limits: NATSLimits = NATSLimits()) { self.limits = limits }

    var bufferedBytes: Int { buffer.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeImmutableBuffer(bytes) }
    }

    /// The next complete operation; nil when more bytes are needed. After an error the parser is of no use.
    mutating func next() throws(NATSProtocolError) -> Operation? {
        if let awaited { return try finish(awaited) }
        guard let line = try readLine() else { return nil }
        return try read(line)
    }

    private mutating func readLine() throws(NATSProtocolError) -> ByteBuffer? {
        let end = buffer.withUnsafeReadableBytes { bytes in
            bytes[scanned...].firstIndex(of: UInt8(ascii: "\n"))
        }
        guard let end else {
            scanned = buffer.readableBytes
            guard scanned <= limits.lineBytes else { throw NATSProtocolError("a line of more than \(limits.lineBytes) bytes (lineBytes)") }
            return nil
        }
        scanned = 0
        guard end <= limits.lineBytes else { throw NATSProtocolError("a line of more than \(limits.lineBytes) bytes (lineBytes)") }
        guard var line = buffer.readSlice(length: end) else { return nil }
        buffer.moveReaderIndex(forwardBy: 1)
        if line.readableBytes > 0, line.getInteger(at: line.writerIndex - 1, as: UInt8.self) == UInt8(ascii: "\r") {
            line = line.getSlice(at: line.readerIndex, length: line.readableBytes - 1) ?? line
        }
        return line
    }

    private mutating func read(_ line: ByteBuffer) throws(NATSProtocolError) -> Operation? {
        var rest = line
        let name = Self.word(&rest)
        switch name.uppercased() {
        case "MSG": return try beginMessage(rest, hasHeaders: false)
        case "HMSG": return try beginMessage(rest, hasHeaders: true)
        case "PING": return .ping
        case "PONG": return .pong
        case "+OK": return .ok
        case "-ERR":
            let text = String(buffer: rest)
            return .error(text.hasPrefix("'") && text.hasSuffix("'") && text.count > 1 ? String(text.dropFirst().dropLast()) : text)
        case "INFO": return .info(try NATSServerInfo(rest))
        default: throw NATSProtocolError("an unknown operation")
        }
    }

    /// Takes the next word and the spaces after it.
    private static func word(_ line: inout ByteBuffer) -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let (length, skip) = line.withUnsafeReadableBytes { bytes in
            let end = bytes.firstIndex(where: isSpace) ?? bytes.count
            let next = bytes[end...].firstIndex { !isSpace($0) } ?? bytes.count
            return (end, next - end)
        }
        let word = line.readString(length: length) ?? ""
        line.moveReaderIndex(forwardBy: skip)
        return word
    }

    /// `MSG subject sid [reply] total` or `HMSG subject sid [reply] headers total`.
    private mutating func beginMessage(_ line: ByteBuffer, hasHeaders: Bool) throws(NATSProtocolError) -> Operation? {
        var rest = line
        var words: [String] = []
        while rest.readableBytes > 0 {
            guard words.count < 6 else { throw NATSProtocolError("a message line of too many words") }
            words.append(Self.word(&rest))
        }
        let numbers = hasHeaders ? 2 : 1
        guard words.count == 2 + numbers || words.count == 3 + numbers, let subscription = UInt64(words[1]),
            let total = Self.size(words[words.count - 1]), let headers = hasHeaders ? Self.size(words[words.count - 2]) : 0,
            headers <= total
        else { throw NATSProtocolError("a malformed message line") }
        guard total <= limits.messageBytes else {
            throw NATSProtocolError("a message of more than \(limits.messageBytes) bytes (messageBytes)")
        }
        let message = NATSMessage(
            subject: words[0], subscription: subscription, reply: words.count == 3 + numbers ? words[2] : nil, body: ByteBuffer())
        return try finish(Awaited(message: message, headerBytes: headers, totalBytes: total))
    }

    private static func size(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(text)
    }

    private mutating func finish(_ awaited: Awaited) throws(NATSProtocolError) -> Operation? {
        guard buffer.readableBytes >= awaited.totalBytes + 2 else {
            self.awaited = awaited
            return nil
        }
        self.awaited = nil
        var message = awaited.message
        guard let headers = buffer.readSlice(length: awaited.headerBytes),
            let body = buffer.readSlice(length: awaited.totalBytes - awaited.headerBytes),
            buffer.readInteger(as: UInt16.self) == 0x0d0a
        else { throw NATSProtocolError("a message that does not end where it should") }
        if awaited.headerBytes > 0 { message.headers = try NATSHeaders(headers) }
        message.body = body
        return .message(message)
    }
}
