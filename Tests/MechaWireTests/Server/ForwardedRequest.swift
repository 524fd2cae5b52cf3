import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

/// A request that the server took, as it goes on to an app over HTTP/1.1: another parser must find exactly
/// one request in the bytes, with the same method, target, fields and framing.
struct ForwardedRequest {
    private let head: HTTPRequestHead
    private let body: HTTP1Request.Body

    init(_ head: HTTPRequestHead, body: HTTP1Request.Body) {
        self.head = head
        self.body = body == .length(0) ? .none : body
    }

    func check() throws {
        var bytes = ByteBuffer()
        let framing = try HTTP1RequestEncoder.encode(head, hasBody: body != .none, authority: "callee", into: &bytes)
        switch framing {
        case .none: break
        case .length(let count): bytes.writeRepeatingByte(UInt8(ascii: "x"), count: min(count, 100))
        case .chunked: bytes.writeString("3\r\nabc\r\n0\r\n\r\n")
        }
        let text = String(buffer: bytes).debugDescription
        var parser = HTTP1RequestParser(headerBytes: 1 << 20)
        guard case .head(let found) = parser.next(&bytes) else {
            Issue.record("no request was found in \(text)")
            return
        }
        #expect(found.head.method == head.method && found.head.uri == head.uri, "\(text)")
        #expect(found.head.headers["host"] == [head.headers.first(name: "host") ?? "callee"], "\(text)")
        switch body {
        case .none: #expect(found.body == .none || found.body == .length(0), "\(text)")
        case .length(let count): #expect(found.body == .length(count), "\(text)")
        case .chunked: #expect(found.body == .chunked, "\(text)")
        }
        #expect(Self.endToEnd(found.head.headers) == Self.endToEnd(head.headers), "\(text)")
        if case .length(let count) = found.body, count > 100 { return }
        while case .body = parser.next(&bytes) {}
        #expect(bytes.readableBytes == 0, "\(text)")
        guard case .needsMore = parser.next(&bytes) else {
            Issue.record("more than one request was found in \(text)")
            return
        }
    }

    /// The fields that are neither the connection's nor the framing's.
    private static func endToEnd(_ headers: HTTPHeaders) -> [String] {
        let own: Set = [
            "connection", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings", "transfer-encoding",
            "content-length", "host",
        ]
        return headers.filter { !own.contains($0.name.lowercased()) }.map { "\($0.name): \($0.value)" }
    }
}
