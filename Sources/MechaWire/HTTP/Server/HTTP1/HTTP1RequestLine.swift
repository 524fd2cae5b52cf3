import NIOHTTP1

/// The first line of a request (RFC 9112 section 3), taken strictly: single spaces, an origin-form or
/// absolute-form target, HTTP/1.0 or HTTP/1.1.
struct HTTP1RequestLine {
    var method: HTTPMethod
    /// Origin-form (`/path?query`), or `*` for OPTIONS.
    var target: String
    /// Host and port of an absolute-form target, lower case.
    var authority: String?
    var isHTTP10: Bool

    init(_ line: UnsafeRawBufferPointer) throws(HTTP1Violation) {
        var methodEnd = 0
        while methodEnd < line.count, HTTPCharacters.isToken(line[methodEnd]) { methodEnd += 1 }
        guard methodEnd > 0, methodEnd < line.count, line[methodEnd] == UInt8(ascii: " ") else {
            throw HTTP1Violation("the request line does not start with a method and one space")
        }
        let targetStart = methodEnd + 1
        var targetEnd = targetStart
        var union: UInt8 = 0
        while targetEnd < line.count, line[targetEnd] > 0x20 {
            let byte = line[targetEnd]
            if byte == 0x7f || byte == UInt8(ascii: "#") {
                throw HTTP1Violation("the request target has a character that targets cannot have")
            }
            union |= byte
            targetEnd += 1
        }
        guard targetEnd > targetStart, targetEnd < line.count, line[targetEnd] == UInt8(ascii: " ") else {
            throw HTTP1Violation("the request line is not a method, a target and a version with single spaces between")
        }
        isHTTP10 = try Self.version(line.slice((targetEnd + 1)..<line.count))
        method = Self.method(line.slice(0..<methodEnd))
        let target = line.slice(targetStart..<targetEnd)
        if union >= 0x80, String(validating: target, as: UTF8.self) == nil {
            throw HTTP1Violation("the request target is not UTF-8")
        }
        (self.target, authority) = try Self.split(target, method: method)
    }

    /// Whether the version is 1.0 (true) or 1.1 (false).
    private static func version(_ bytes: UnsafeRawBufferPointer) throws(HTTP1Violation) -> Bool {
        if bytes.equals("HTTP/1.1") { return false }
        if bytes.equals("HTTP/1.0") { return true }
        if bytes.count == 8, bytes.slice(0..<5).equals("HTTP/"), bytes[5].isDigit, bytes[6] == UInt8(ascii: "."), bytes[7].isDigit {
            throw HTTP1Violation(.httpVersionNotSupported, "only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here")
        }
        throw HTTP1Violation("the request line does not end in an HTTP version")
    }

    private static func method(_ bytes: UnsafeRawBufferPointer) -> HTTPMethod {
        if bytes.equals("GET") { return .GET }
        if bytes.equals("POST") { return .POST }
        if bytes.equals("PUT") { return .PUT }
        if bytes.equals("DELETE") { return .DELETE }
        return HTTPMethod(rawValue: String(decoding: bytes, as: UTF8.self))
    }

    /// Brings the target into origin-form (RFC 9112 section 3.2).
    private static func split(_ target: UnsafeRawBufferPointer, method: HTTPMethod) throws(HTTP1Violation) -> (String, String?) {
        if method == .CONNECT { throw HTTP1Violation(.notImplemented, "CONNECT is not offered") }
        if target[0] == UInt8(ascii: "/") { return (String(decoding: target, as: UTF8.self), nil) }
        if target.equals("*"), method == .OPTIONS { return ("*", nil) }

        var start = 0
        if target.count > 7, target.slice(0..<7).equalsIgnoringCase("http://") { start = 7 }
        if target.count > 8, target.slice(0..<8).equalsIgnoringCase("https://") { start = 8 }
        guard start > 0 else { throw HTTP1Violation("the request target is neither a path nor an http URL") }
        var end = start
        while end < target.count, HTTPCharacters.isHost(target[end]) { end += 1 }
        guard end > start else { throw HTTP1Violation("the request target has no host") }
        let authority = String(decoding: target.slice(start..<end), as: UTF8.self).lowercased()
        guard end < target.count else { return (method == .OPTIONS ? "*" : "/", authority) }
        let rest = String(decoding: target.slice(end..<target.count), as: UTF8.self)
        switch target[end] {
        case UInt8(ascii: "/"): return (rest, authority)
        case UInt8(ascii: "?"): return ("/" + rest, authority)
        default: throw HTTP1Violation("the host in the request target has a character that hosts cannot have")
        }
    }
}
