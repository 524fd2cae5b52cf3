import NIOCore
import NIOHTTP1

/// A request head with what it says about the connection.
struct HTTP1Request {
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked
    }

    var head: HTTPRequestHead
    var body: Body
    var isKeepAlive: Bool
    /// The client waits for `100 Continue` before it sends the body.
    var expectsContinue: Bool
    /// The value of `HTTP2-Settings` when the client offers to go on in HTTP/2 (RFC 7540 section 3.2).
    var http2Settings: String?
}

/// Takes HTTP/1.1 requests out of a byte stream (RFC 9112). Knows no channel and no clock.
///
/// Strict where leniency lets two parsers disagree about where a message ends: only CRLF ends a line,
/// nothing is folded, one `content-length` or one `transfer-encoding: chunked`, never both. What is
/// handed on is therefore unambiguous to whoever gets it next.
struct HTTP1RequestParser {
    enum Event {
        case needsMore
        case head(HTTP1Request)
        case body(ByteBuffer)
        case end(trailers: HTTPHeaders?)
        /// The peer speaks HTTP/2 with prior knowledge; nothing was consumed.
        case http2Preface
        /// Comes for every call from then on.
        case invalid(HTTP1Violation)
    }

    private enum State {
        case head
        case fixed(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailers
        case complete
        case failed(HTTP1Violation)
    }

    /// Bytes of one chunk-size line, extensions included. Extensions carry nothing anybody uses.
    private static let chunkLineBytes = 256
    /// Bytes of all chunk extensions of one body.
    private static let chunkExtensionBytes = 4 << 10

    private let headerBytes: Int
    private var state = State.head
    /// Bytes of a line block that were looked at already, so that a head that arrives in drops costs no more.
    private var scannedBytes = 0
    private var lineStart = 0
    private var extensionBytes = 0
    /// Whether an empty line before the present head was ignored; a second one is no request.
    private var hasSkippedLine = false
    /// Whether the connection's first request is still to come; only there HTTP/2 may begin.
    private var isFirst = true

    init(headerBytes: Int) { self.headerBytes = headerBytes }

    /// Whether part of a request head was consumed or looked at.
    var isInsideHead: Bool { if case .head = state { scannedBytes > 0 } else { false } }

    /// Bytes still to come of a body with a declared length; nil for a chunked one.
    var remainingBodyBytes: Int? {
        switch state {
        case .fixed(let remaining): remaining
        case .chunkSize, .chunk, .chunkEnd, .trailers: nil
        case .head, .complete, .failed: 0
        }
    }

    mutating func next(_ input: inout ByteBuffer) -> Event {
        do throws(HTTP1Violation) {
            return try advance(&input)
        } catch {
            state = .failed(error)
            return .invalid(error)
        }
    }

    private mutating func advance(_ input: inout ByteBuffer) throws(HTTP1Violation) -> Event {
        while true {
            switch state {
            case .head: return try parseHead(&input)
            case .fixed(let remaining):
                guard input.readableBytes > 0 else { return .needsMore }
                let piece = take(&input, upTo: remaining)
                let left = remaining - piece.readableBytes
                state = left == 0 ? .complete : .fixed(remaining: left)
                return .body(piece)
            case .chunkSize: guard try parseChunkSize(&input) else { return .needsMore }
            case .chunk(let remaining):
                guard input.readableBytes > 0 else { return .needsMore }
                let piece = take(&input, upTo: remaining)
                let left = remaining - piece.readableBytes
                state = left == 0 ? .chunkEnd : .chunk(remaining: left)
                return .body(piece)
            case .chunkEnd:
                guard input.readableBytes >= 2 else {
                    if let byte: UInt8 = input.getInteger(at: input.readerIndex), byte != UInt8(ascii: "\r") {
                        throw Self.badChunkEnd
                    }
                    return .needsMore
                }
                guard input.readInteger(as: UInt16.self) == 0x0d0a else { throw Self.badChunkEnd }
                state = .chunkSize
            case .trailers: return try parseTrailers(&input)
            case .complete:
                state = .head
                return .end(trailers: nil)
            case .failed(let violation): throw violation
            }
        }
    }

    private static let badChunkEnd = HTTP1Violation("a chunk is longer than its size says")

    private func take(_ input: inout ByteBuffer, upTo limit: Int) -> ByteBuffer {
        if input.readableBytes <= limit {
            let piece = input
            input = ByteBuffer()
            return piece
        }
        return input.readSlice(length: limit) ?? ByteBuffer()
    }

    // MARK: - Line blocks

    /// Length of the lines up to and including the empty one; nil if that has not arrived.
    private mutating func blockLength(_ input: ByteBuffer, limit: Int) throws(HTTP1Violation) -> Int? {
        let (found, violation): (Int?, HTTP1Violation?) = input.withUnsafeReadableBytes { bytes in
            while let lineFeed = HTTPCharacters.lineFeed(in: bytes, from: scannedBytes) {
                guard lineFeed > lineStart, bytes[lineFeed - 1] == UInt8(ascii: "\r") else {
                    return (nil, HTTP1Violation("a line does not end in carriage return and line feed"))
                }
                let isEmptyLine = lineFeed - 1 == lineStart
                scannedBytes = lineFeed + 1
                lineStart = scannedBytes
                if isEmptyLine { return (scannedBytes, nil) }
            }
            scannedBytes = bytes.count
            return (nil, nil)
        }
        if let violation { throw violation }
        if (found ?? scannedBytes) > limit {
            throw HTTP1Violation(
                .requestHeaderFieldsTooLarge, "the request headers are larger than \(limit) bytes", limit: .headerBytes)
        }
        if found != nil {
            scannedBytes = 0
            lineStart = 0
        }
        return found
    }

    private mutating func parseHead(_ input: inout ByteBuffer) throws(HTTP1Violation) -> Event {
        if scannedBytes == 0, !hasSkippedLine, input.getInteger(at: input.readerIndex, as: UInt8.self) == UInt8(ascii: "\r") {
            // One empty line before a request line is to be ignored (RFC 9112 section 2.2).
            guard let start = input.getInteger(at: input.readerIndex, as: UInt16.self) else { return .needsMore }
            hasSkippedLine = true
            if start == 0x0d0a { input.moveReaderIndex(forwardBy: 2) }
        }
        guard let length = try blockLength(input, limit: headerBytes) else { return .needsMore }
        if isFirst {
            isFirst = false
            if length == 18, input.withUnsafeReadableBytes({ $0.slice(0..<length).equals("PRI * HTTP/2.0\r\n\r\n") }) {
                return .http2Preface
            }
        }
        let result = input.withUnsafeReadableBytes { bytes in
            Result { () throws(HTTP1Violation) in try Self.request(bytes.slice(0..<(length - 2))) }
        }
        let request = try result.get()
        hasSkippedLine = false
        input.moveReaderIndex(forwardBy: length)
        switch request.body {
        case .none, .length(0): state = .complete
        case .length(let bytes): state = .fixed(remaining: bytes)
        case .chunked:
            state = .chunkSize
            extensionBytes = 0
        }
        return .head(request)
    }

    /// A whole head without its closing empty line.
    private static func request(_ bytes: UnsafeRawBufferPointer) throws(HTTP1Violation) -> HTTP1Request {
        guard let lineFeed = HTTPCharacters.lineFeed(in: bytes, from: 0) else { throw HTTP1Violation("the request line is empty") }
        let line = try HTTP1RequestLine(bytes.slice(0..<(lineFeed - 1)))
        var fields = HTTP1Fields()
        try fields.parse(bytes.slice((lineFeed + 1)..<bytes.count))
        let body = try framing(of: fields, line)
        try checkHost(fields, line)
        if fields.expectation == .unknown {
            throw HTTP1Violation(.expectationFailed, "the only expectation known here is 100-continue")
        }

        let head = HTTPRequestHead(
            version: line.isHTTP10 ? .http1_0 : .http1_1, method: line.method, uri: line.target, headers: HTTPHeaders(fields.fields)
        )
        let offersH2C =
            fields.offersH2C && fields.connectionNamesUpgrade && fields.connectionNamesSettings && fields.http2SettingsCount == 1
            && !line.isHTTP10
        return HTTP1Request(
            head: head, body: body,
            isKeepAlive: line.isHTTP10 ? fields.saysKeepAlive && !fields.saysClose : !fields.saysClose,
            expectsContinue: fields.expectation == .continue && !line.isHTTP10 && body != .none && body != .length(0),
            http2Settings: offersH2C ? fields.http2Settings : nil)
    }

    /// RFC 9112 section 6.3, without any of the cases that ask for a guess.
    private static func framing(of fields: HTTP1Fields, _ line: HTTP1RequestLine) throws(HTTP1Violation) -> HTTP1Request.Body {
        if fields.contentLengthCount > 1 { throw HTTP1Violation("content-length is there more than once") }
        guard fields.transferEncodingCount > 0 else { return fields.contentLength.map { .length($0) } ?? .none }
        if fields.contentLengthCount > 0 { throw HTTP1Violation("content-length and transfer-encoding are both there") }
        if line.isHTTP10 { throw HTTP1Violation("HTTP/1.0 has no transfer-encoding") }
        guard fields.transferEncodingCount == 1, fields.isChunked else {
            throw HTTP1Violation("the only transfer-encoding of a request is chunked")
        }
        return .chunked
    }

    private static func checkHost(_ fields: HTTP1Fields, _ line: HTTP1RequestLine) throws(HTTP1Violation) {
        if fields.hostCount > 1 { throw HTTP1Violation("host is there more than once") }
        if fields.hostCount == 0, !line.isHTTP10 { throw HTTP1Violation("host is missing") }
        if !fields.hasValidHost { throw HTTP1Violation("host is not a host with an optional port") }
        if let authority = line.authority, let host = fields.host, host.lowercased() != authority {
            throw HTTP1Violation("host differs from the host of the request target")
        }
    }

    // MARK: - Chunks

    /// False if the line has not arrived whole.
    private mutating func parseChunkSize(_ input: inout ByteBuffer) throws(HTTP1Violation) -> Bool {
        let result = input.withUnsafeReadableBytes { bytes in
            Result { () throws(HTTP1Violation) in try Self.chunkLine(bytes) }
        }
        guard let line = try result.get() else { return false }
        extensionBytes += line.extensionBytes
        if extensionBytes > Self.chunkExtensionBytes {
            throw HTTP1Violation("chunk extensions take more than \(Self.chunkExtensionBytes) bytes")
        }
        input.moveReaderIndex(forwardBy: line.length)
        state = line.size == 0 ? .trailers : .chunk(remaining: line.size)
        return true
    }

    private static func chunkLine(_ bytes: UnsafeRawBufferPointer) throws(HTTP1Violation) -> (
        size: Int, extensionBytes: Int, length: Int
    )? {
        guard let lineFeed = HTTPCharacters.lineFeed(in: bytes, from: 0), lineFeed < chunkLineBytes else {
            if bytes.count >= chunkLineBytes { throw HTTP1Violation("a chunk size line is longer than \(chunkLineBytes) bytes") }
            return nil
        }
        guard lineFeed > 0, bytes[lineFeed - 1] == UInt8(ascii: "\r") else {
            throw HTTP1Violation("a chunk size line does not end in carriage return and line feed")
        }
        let line = bytes.slice(0..<(lineFeed - 1))
        var size = 0
        var digits = 0
        while digits < line.count, let digit = hexValue(line[digits]) {
            size = size << 4 | digit
            digits += 1
            if digits > 15 { throw HTTP1Violation("a chunk size has more than 15 digits") }
        }
        let rest = line.slice(digits..<line.count)
        guard digits > 0, rest.isEmpty || rest[0] == UInt8(ascii: ";"), rest.allSatisfy(HTTPCharacters.isFieldValue) else {
            throw HTTP1Violation("a chunk size is not one hexadecimal number")
        }
        return (size, rest.count, lineFeed + 1)
    }

    @inline(__always)
    private static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    private mutating func parseTrailers(_ input: inout ByteBuffer) throws(HTTP1Violation) -> Event {
        guard let length = try blockLength(input, limit: headerBytes) else { return .needsMore }
        var trailers: HTTPHeaders?
        if length > 2 {
            let result = input.withUnsafeReadableBytes { bytes in
                Result { () throws(HTTP1Violation) in
                    var fields = HTTP1Fields()
                    try fields.parse(bytes.slice(0..<(length - 2)))
                    return fields
                }
            }
            let fields = try result.get()
            if fields.hasFramingField { throw HTTP1Violation("a trailer carries a field that frames or routes the message") }
            trailers = HTTPHeaders(fields.fields)
        }
        input.moveReaderIndex(forwardBy: length)
        state = .head
        return .end(trailers: trailers)
    }
}
