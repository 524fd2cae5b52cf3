import NIOCore
import NIOHTTP1

/// Reads HTTP/1 responses out of bytes (RFC 9112), one after the other on a connection.
///
/// Knows no channel: ``receive(_:)`` adds bytes, ``next()`` yields what they say. Interim (1xx)
/// responses are skipped. After an error the connection is of no further use.
struct HTTP1ResponseParser {
    enum Event {
        case head(HTTPResponseHead)
        case body(ByteBuffer)
        case end(trailers: HTTPHeaders?)
    }

    private enum Phase {
        /// No response is expected.
        case idle
        case head
        case fixed(remaining: Int)
        case untilClose
        case chunkSize
        case chunk(remaining: Int)
        /// The line end after a chunk's data.
        case chunkEnd
        case trailers
    }

    /// Longest line that may announce a chunk, its extensions included.
    static let chunkLineLimitBytes = 4 << 10

    private let headerLimit: Int
    private var pending = ByteBuffer()
    /// How many bytes of `pending` are known not to end the section that is awaited.
    private var searched = 0
    private var phase = Phase.idle
    private var answersHead = false
    /// Whether any byte of the awaited response has come.
    private(set) var hasReceivedBytes = false
    /// Whether the connection may carry another request once the response has ended.
    private(set) var allowsReuse = true

    init(headerLimit: Int) {
        self.headerLimit = headerLimit
    }

    /// Bytes that belong to no response.
    var hasStrayBytes: Bool {
        if case .idle = phase { return pending.readableBytes > 0 }
        return false
    }

    mutating func expectResponse(toHead: Bool) {
        phase = .head
        answersHead = toHead
        hasReceivedBytes = false
        allowsReuse = true
    }

    mutating func receive(_ bytes: ByteBuffer) {
        hasReceivedBytes = true
        if pending.readableBytes == 0 {
            pending = bytes
            searched = 0
        } else {
            pending.writeImmutableBuffer(bytes)
        }
    }

    /// What follows, or nil when more bytes are needed.
    mutating func next() throws(WireError) -> Event? {
        while true {
            switch phase {
            case .idle:
                return nil
            case .head:
                guard let head = try readHead() else { return nil }
                if head.status.code / 100 == 1 { continue }
                return .head(head)
            case .fixed(0):
                return end(trailers: nil)
            case .fixed(let remaining):
                guard let piece = readPiece(upTo: remaining) else { return nil }
                phase = .fixed(remaining: remaining - piece.readableBytes)
                return .body(piece)
            case .untilClose:
                return readPiece(upTo: .max).map(Event.body)
            case .chunkSize:
                guard let size = try readChunkSize() else { return nil }
                phase = size == 0 ? .trailers : .chunk(remaining: size)
            case .chunk(let remaining):
                guard let piece = readPiece(upTo: remaining) else { return nil }
                let left = remaining - piece.readableBytes
                phase = left == 0 ? .chunkEnd : .chunk(remaining: left)
                return .body(piece)
            case .chunkEnd:
                guard try readChunkEnd() else { return nil }
                phase = .chunkSize
            case .trailers:
                guard let trailers = try readTrailers() else { return nil }
                return end(trailers: trailers.isEmpty ? nil : trailers)
            }
        }
    }

    /// The peer closed its side. Ends a response that the end of the connection delimits; throws when a
    /// response is cut off or has not come.
    mutating func receivedEOF() throws(WireError) -> Event? {
        switch phase {
        case .idle: return nil
        case .untilClose: return end(trailers: nil)
        case .head where !hasReceivedBytes:
            throw WireError(.connectionClosed, "the peer closed the connection before it responded")
        default:
            throw WireError(.connectionClosed, "the peer closed the connection in the middle of its response")
        }
    }

    private mutating func end(trailers: HTTPHeaders?) -> Event {
        phase = .idle
        return .end(trailers: trailers)
    }

    // MARK: - Head

    private mutating func readHead() throws(WireError) -> HTTPResponseHead? {
        guard let length = try sectionLength() else { return nil }
        let (head, section) = try pending.withSection(length) { bytes throws(WireError) in
            let (head, fieldsStart) = try Self.parseStatusLine(bytes)
            return (head, try HTTP1FieldSection(parsing: bytes, from: fieldsStart))
        }
        var complete = head
        complete.headers = HTTPHeaders(section.fields)
        try beginBody(after: complete, section)
        return complete
    }

    /// `HTTP/1.x SP 3DIGIT [SP reason]`; the reason only matters for codes that have no name.
    private static func parseStatusLine(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> (HTTPResponseHead, Int) {
        let lineFeed = HTTPCharacters.lineFeed(in: bytes, from: 0) ?? bytes.count
        var end = lineFeed
        if end > 0, bytes[end - 1] == 0x0d { end -= 1 }
        guard end >= 12, UnsafeRawBufferPointer(rebasing: bytes[0..<7]).equalsIgnoringCase("http/1."),
            bytes[0] == UInt8(ascii: "H"), bytes[7] == UInt8(ascii: "1") || bytes[7] == UInt8(ascii: "0"),
            bytes[8] == 0x20, let code = HTTPCharacters.decimal(UnsafeRawBufferPointer(rebasing: bytes[9..<12])), code >= 100,
            end == 12 || bytes[12] == 0x20
        else { throw WireError(.malformed, "the peer's answer is not an HTTP/1 response") }
        var status = HTTPResponseStatus(statusCode: code)
        if case .custom = status, end > 13 {
            let reason = UnsafeRawBufferPointer(rebasing: bytes[13..<end])
            guard !reason.hasControlByte else {
                throw WireError(.malformed, "the reason phrase holds a control character")
            }
            status = .custom(code: UInt(code), reasonPhrase: String(decoding: reason, as: UTF8.self))
        }
        let version = bytes[7] == UInt8(ascii: "1") ? HTTPVersion.http1_1 : .http1_0
        return (HTTPResponseHead(version: version, status: status), lineFeed + 1)
    }

    /// How long the body is (RFC 9112 section 6.3).
    private mutating func beginBody(after head: HTTPResponseHead, _ section: HTTP1FieldSection) throws(WireError) {
        let code = head.status.code
        guard code != 101 else {
            throw WireError(.malformed, "the peer switched protocols although nobody asked it to")
        }
        if code / 100 == 1 { return }
        allowsReuse = !section.saysClose && (head.version == .http1_1 || section.saysKeepAlive)
        if answersHead || code == 204 || code == 304 {
            phase = .fixed(remaining: 0)
            // A peer that announces a body where there can be none may send it, and it would pass for the next answer.
            if code == 204, section.hasTransferEncoding || section.contentLength ?? 0 > 0 { allowsReuse = false }
        } else if section.hasTransferEncoding {
            // Both framings at once may be an attempt at smuggling: read as chunked, then close.
            if section.contentLength != nil { allowsReuse = false }
            guard section.isChunked else {
                allowsReuse = false
                phase = .untilClose
                return
            }
            phase = .chunkSize
        } else if let length = section.contentLength {
            phase = .fixed(remaining: length)
        } else {
            allowsReuse = false
            phase = .untilClose
        }
    }

    // MARK: - Pieces

    private mutating func readPiece(upTo limit: Int) -> ByteBuffer? {
        let available = pending.readableBytes
        guard available > 0 else { return nil }
        if available <= limit {
            // Hand the buffer itself over, so that no second reference keeps it alive.
            let piece = pending
            pending = ByteBuffer()
            return piece
        }
        return pending.readSlice(length: limit)
    }

    private mutating func readChunkSize() throws(WireError) -> Int? {
        let parsed = try pending.withReadableBytes { bytes throws(WireError) -> (size: Int, consumed: Int)? in
            guard let lineFeed = HTTPCharacters.lineFeed(in: bytes, from: 0) else {
                guard bytes.count <= Self.chunkLineLimitBytes else {
                    throw WireError(.malformed, "the line that announces a chunk is too long")
                }
                return nil
            }
            return (try Self.parseChunkLine(bytes, lineFeed), lineFeed + 1)
        }
        guard let parsed else { return nil }
        pending.moveReaderIndex(forwardBy: parsed.consumed)
        return parsed.size
    }

    /// Hexadecimal digits, then perhaps extensions, which are ignored.
    private static func parseChunkLine(_ bytes: UnsafeRawBufferPointer, _ lineFeed: Int) throws(WireError) -> Int {
        var size = 0
        var index = 0
        while index < lineFeed, let digit = HTTPCharacters.hexValue(bytes[index]) {
            guard index < 15 else { throw WireError(.malformed, "a chunk is too large") }
            size = size << 4 | digit
            index += 1
        }
        let next = bytes[index]
        guard index > 0, next == 0x0a || next == 0x0d || next == UInt8(ascii: ";") || next == 0x20 || next == 0x09 else {
            throw WireError(.malformed, "the size of a chunk is not a hexadecimal number")
        }
        return size
    }

    private mutating func readChunkEnd() throws(WireError) -> Bool {
        guard let first = pending.getInteger(at: pending.readerIndex, as: UInt8.self) else { return false }
        if first == 0x0d {
            guard let second = pending.getInteger(at: pending.readerIndex + 1, as: UInt8.self) else { return false }
            guard second == 0x0a else { throw WireError(.malformed, "a chunk is longer than announced") }
            pending.moveReaderIndex(forwardBy: 2)
            return true
        }
        throw WireError(.malformed, "a chunk is longer than announced")
    }

    private mutating func readTrailers() throws(WireError) -> HTTPHeaders? {
        if let first = pending.getInteger(at: pending.readerIndex, as: UInt8.self), first == 0x0a {
            pending.moveReaderIndex(forwardBy: 1)
            return [:]
        }
        if let first = pending.getInteger(at: pending.readerIndex, as: UInt16.self), first == 0x0d0a {
            pending.moveReaderIndex(forwardBy: 2)
            return [:]
        }
        guard let length = try sectionLength() else { return nil }
        return try pending.withSection(length) { bytes throws(WireError) in
            HTTPHeaders(try HTTP1FieldSection(parsing: bytes, from: 0).fields)
        }
    }

    /// Length of the section at the front of `pending`, up to and including its empty line. Resumes
    /// where the last search stopped, so that a section that trickles in costs no more than its bytes.
    private mutating func sectionLength() throws(WireError) -> Int? {
        let (length, progress) = pending.withUnsafeReadableBytes { bytes -> (Int?, Int) in
            var position = searched
            while let lineFeed = HTTPCharacters.lineFeed(in: bytes, from: position) {
                position = lineFeed + 1
                if position < bytes.count, bytes[position] == 0x0a { return (position + 1, 0) }
                if position + 1 < bytes.count, bytes[position] == 0x0d, bytes[position + 1] == 0x0a { return (position + 2, 0) }
                if position + 1 >= bytes.count { return (nil, lineFeed) }
            }
            return (nil, bytes.count)
        }
        searched = progress
        guard (length ?? pending.readableBytes) <= headerLimit else {
            throw WireError(.tooLarge, "the peer's headers are larger than \(headerLimit) bytes")
        }
        return length
    }
}

extension ByteBuffer {
    /// The readable bytes to a closure with a typed error.
    fileprivate func withReadableBytes<Value>(
        _ body: (UnsafeRawBufferPointer) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        let result = withUnsafeReadableBytes { bytes -> Result<Value, WireError> in
            do throws(WireError) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Consumes the first `length` bytes.
    fileprivate mutating func withSection<Value>(
        _ length: Int, _ body: (UnsafeRawBufferPointer) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        let value = try withReadableBytes { bytes throws(WireError) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[0..<length]))
        }
        moveReaderIndex(forwardBy: length)
        return value
    }
}
