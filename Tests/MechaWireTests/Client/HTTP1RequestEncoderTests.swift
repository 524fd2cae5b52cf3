import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite struct HTTP1RequestEncoderTests {
    private func encode(
        _ method: HTTPMethod, _ uri: String = "/a?b=c", _ headers: HTTPHeaders = [:], hasBody: Bool = false
    ) throws -> String {
        var buffer = ByteBuffer()
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)
        _ = try HTTP1RequestEncoder.encode(head, hasBody: hasBody, authority: "origin:81", into: &buffer)
        return String(buffer: buffer)
    }

    @Test func `the host comes from the origin unless the head names one`() throws {
        #expect(try encode(.GET) == "GET /a?b=c HTTP/1.1\r\nhost: origin:81\r\n\r\n")
        #expect(try encode(.GET, headers("Host", "other")) == "GET /a?b=c HTTP/1.1\r\nHost: other\r\n\r\n")
    }

    @Test func `the body is framed by its length, or chunked`() throws {
        #expect(try encode(.POST, headers("Content-Length", "3"), hasBody: true).hasSuffix("content-length: 3\r\n\r\n"))
        #expect(try encode(.POST, hasBody: true).hasSuffix("transfer-encoding: chunked\r\n\r\n"))
        #expect(try encode(.POST).hasSuffix("content-length: 0\r\n\r\n"))
        #expect(try encode(.POST, headers("content-length", "9")).hasSuffix("host: origin:81\r\ncontent-length: 0\r\n\r\n"))
        #expect(!(try encode(.GET, headers("content-length", "0")).contains("content-length")))
    }

    @Test func `what concerns one connection only is not passed on`() throws {
        let hops: HTTPHeaders = [
            "Connection": "x", "Keep-Alive": "5", "Upgrade": "h2c", "HTTP2-Settings": "x", "Proxy-Connection": "close",
            "Transfer-Encoding": "gzip", "TE": "trailers", "x": "y",
        ]
        #expect(try encode(.GET, hops) == "GET /a?b=c HTTP/1.1\r\nx: y\r\nhost: origin:81\r\n\r\n")
    }

    @Test(arguments: [
        ("/a b", [:]), ("/a\r\nx: y", [:]), ("", [:]), ("/", ["x": "a\r\nb: c"]), ("/", ["x": "a\nb"]), ("/", ["x\r\ny": "a"]),
        ("/", ["a b": "c"]), ("/", ["": "c"]), ("/", ["content-length": "x"]), ("/", ["x": "\u{0}"]),
    ])
    func `what would break out of its line is refused`(uri: String, fields: [String: String]) {
        #expect(throws: WireError.self) { try encode(.POST, uri, HTTPHeaders(fields.map { ($0, $1) }), hasBody: true) }
    }

    private func encode(_ method: HTTPMethod, _ headers: HTTPHeaders, hasBody: Bool = false) throws -> String {
        try encode(method, "/a?b=c", headers, hasBody: hasBody)
    }

    private func headers(_ name: String, _ value: String) -> HTTPHeaders { HTTPHeaders([(name, value)]) }
}
