import NIOCore
import NIOHTTP1

/// Puts response heads, chunks and trailers into a buffer (RFC 9112).
///
/// Framing is decided here alone: `connection`, `transfer-encoding` and, where a body's length is known
/// better, `content-length` given by the caller are replaced.
enum HTTP1ResponseWriter {
    /// How the end of a response body is told.
    enum Framing: Equatable {
        /// The status or the request method forbids a body; what is written as body is dropped.
        case none
        /// `content-length` stands in the caller's headers.
        case asDeclared
        case length(Int)
        case chunked
        /// The connection's end is the body's end (HTTP/1.0).
        case untilClose
    }

    /// What to say about the connection.
    enum Persistence { case implied, close, keepAlive }

    static func writeHead(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ framing: Framing,
        _ persistence: Persistence, into buffer: inout ByteBuffer
    ) {
        writeStatusLine(status, into: &buffer)
        // A length after which no body follows is one that some client waits for (RFC 9110 section 8.6).
        let forbidsLength = status == .noContent
        for (name, value) in headers where !isOwned(name, framing, forbidsLength) { writeField(name, value, into: &buffer) }
        switch framing {
        case .length(let bytes):
            buffer.writeStaticString("content-length: ")
            writeDecimal(bytes, into: &buffer)
            buffer.writeStaticString("\r\n")
        case .chunked: buffer.writeStaticString("transfer-encoding: chunked\r\n")
        case .none, .asDeclared, .untilClose: break
        }
        switch persistence {
        case .implied: break
        case .close: buffer.writeStaticString("connection: close\r\n")
        case .keepAlive: buffer.writeStaticString("connection: keep-alive\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    static func writeChunkHead(size: Int, into buffer: inout ByteBuffer) {
        buffer.writeString(String(size, radix: 16))
        buffer.writeStaticString("\r\n")
    }

    static func writeLastChunk(trailers: HTTPHeaders?, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("0\r\n")
        if let trailers {
            for (name, value) in trailers where !isOwned(name, .chunked, true) { writeField(name, value, into: &buffer) }
        }
        buffer.writeStaticString("\r\n")
    }

    /// The length the caller declared, if it is one number.
    static func declaredLength(_ headers: HTTPHeaders) -> Int? {
        var declared: Int?
        for (name, value) in headers where name.utf8.count == 14 && equalsIgnoringCase(name, "content-length") {
            guard declared == nil, HTTPCharacters.isDecimal(value), let length = Int(value) else { return nil }
            declared = length
        }
        return declared
    }

    // MARK: - Pieces

    private static func writeStatusLine(_ status: HTTPResponseStatus, into buffer: inout ByteBuffer) {
        switch status {
        case .ok: buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
        case .noContent: buffer.writeStaticString("HTTP/1.1 204 No Content\r\n")
        default:
            buffer.writeStaticString("HTTP/1.1 ")
            writeDecimal(Int(status.code), into: &buffer)
            buffer.writeStaticString(" ")
            writeValue(status.reasonPhrase, into: &buffer)
            buffer.writeStaticString("\r\n")
        }
    }

    /// Whether a field is ours to write: told apart by length first, as most names are none of these.
    private static func isOwned(_ name: String, _ framing: Framing, _ forbidsLength: Bool) -> Bool {
        switch name.utf8.count {
        case 10: equalsIgnoringCase(name, "connection") || equalsIgnoringCase(name, "keep-alive")
        case 14: (forbidsLength || (framing != .asDeclared && framing != .none)) && equalsIgnoringCase(name, "content-length")
        case 17: equalsIgnoringCase(name, "transfer-encoding")
        default: false
        }
    }

    static func equalsIgnoringCase(_ name: String, _ text: StaticString) -> Bool {
        var name = name
        return name.withUTF8 { UnsafeRawBufferPointer($0).equalsIgnoringCase(text) }
    }

    /// A name that is not a token cannot be sent in any safe form, so the field is left out.
    private static func writeField(_ name: String, _ value: String, into buffer: inout ByteBuffer) {
        guard !name.isEmpty, name.utf8.allSatisfy(HTTPCharacters.isToken) else { return }
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        writeValue(value, into: &buffer)
        buffer.writeStaticString("\r\n")
    }

    /// Control characters, with which a value could begin a line of its own, become blanks
    /// (RFC 9110 section 5.5).
    private static func writeValue(_ value: String, into buffer: inout ByteBuffer) {
        let count = buffer.writeString(value)
        buffer.withUnsafeMutableReadableBytes { bytes in
            let end = bytes.count
            for index in (end - count)..<end where !HTTPCharacters.isFieldValue(bytes[index]) { bytes[index] = UInt8(ascii: " ") }
        }
    }

    private static func writeDecimal(_ value: Int, into buffer: inout ByteBuffer) {
        // Up to 15 digits the string lives in place, without an allocation.
        buffer.writeString(String(value))
    }
}
