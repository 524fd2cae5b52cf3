import NIOCore
import NIOHPACK
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite struct HTTP2HeadTests {
    private let base: [(String, String)] = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/x")]

    @Test func `a request head becomes one of HTTP/1.1`() {
        let head = HTTPRequestHead(http2: HPACKHeaders(base + [("x-a", "b")]))
        #expect(head.method == .GET && head.uri == "/x" && head.version == .http2)
        #expect(head.headers.first(name: "host") == "a" && head.headers.first(name: "x-a") == "b")
        #expect(!head.headers.contains { $0.name.hasPrefix(":") })
    }

    @Test func `a host that says something else is a flaw`() {
        #expect(HTTP2RequestSummary(HPACKHeaders(base)).flaw == nil)
        #expect(HTTP2RequestSummary(HPACKHeaders(base + [("host", "a")])).flaw == nil)
        #expect(HTTP2RequestSummary(HPACKHeaders(base + [("host", "b")])).flaw != nil)
        #expect(HTTP2RequestSummary(HPACKHeaders(base + [("host", "a"), ("host", "a")])).flaw != nil)
    }

    @Test func `the list size counts as SETTINGS_MAX_HEADER_LIST_SIZE does`() {
        #expect(HTTP2RequestSummary(HPACKHeaders([("ab", "cde")])).listBytes == 37)
    }

    @Test func `a response head has lower-case names and nothing of the connection`() {
        let headers: HTTPHeaders = ["Content-Type": "t", "Connection": "close", "Transfer-Encoding": "chunked", "content-length": "9", "X": "a\r\nb"]
        let fields = HPACKHeaders(status: .ok, fields: headers, contentLength: 3)
        #expect(fields.map { "\($0.name)=\($0.value)" } == [":status=200", "content-type=t", "x=a  b", "content-length=3"])
        let streamed = HPACKHeaders(status: .accepted, fields: ["content-length": "9"], contentLength: nil)
        #expect(streamed.map { "\($0.name)=\($0.value)" } == [":status=202", "content-length=9"])
    }

    @Test func `an upgrade is opened with preface, settings and the request`() throws {
        let request = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/x", headers: ["Host": "a", "Connection": "upgrade", "Upgrade": "h2c", "A": "b"])
        let opening = try #require(HTTP2UpgradeOpening(settings: "AAMAAABk", request: request))
        var bytes = opening.bytes
        #expect(bytes.readSlice(length: 24) == HTTP2UpgradeOpening.preface)
        #expect(bytes.readBytes(length: 15) == [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100])
        let length = try #require(bytes.readInteger(as: UInt8.self).map { Int($0) << 16 }) + Int(try #require(bytes.readInteger(as: UInt16.self)))
        #expect(bytes.readBytes(length: 6) == [1, 5, 0, 0, 0, 1])
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        var block = try #require(bytes.readSlice(length: length))
        let fields = try decoder.decodeHeaders(from: &block)
        #expect(fields.map { "\($0.name)=\($0.value)" } == [":method=GET", ":scheme=http", ":path=/x", ":authority=a", "a=b"])
        #expect(bytes.readableBytes == 0)
    }

    @Test func `settings that cannot be read are no offer`() {
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": "a"])
        #expect(HTTP2UpgradeOpening(settings: "AAM", request: request) == nil)
        #expect(HTTP2UpgradeOpening(settings: "!", request: request) == nil)
    }
}
