import NIOHPACK
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite struct HTTP2RequestSummaryTests {
    private static let sound: [(String, String)] = [
        (":method", "GET"), (":scheme", "http"), (":authority", "a:80"), (":path", "/x?y"),
    ]

    /// A sound request with some fields replaced, removed (nil) or added.
    private static func flaw(_ changes: [(String, String?)], more: [(String, String)] = []) -> String? {
        var fields = sound
        for (name, value) in changes {
            guard let index = fields.firstIndex(where: { $0.0 == name }) else {
                fields.append((name, value ?? ""))
                continue
            }
            if let value { fields[index].1 = value } else { fields.remove(at: index) }
        }
        return HTTP2RequestSummary(HPACKHeaders(fields + more)).flaw.map { "\($0)" }
    }

    @Test func `sound requests have no flaw`() {
        #expect(Self.flaw([]) == nil)
        #expect(Self.flaw([(":authority", nil)], more: [("host", "a")]) == nil)
        #expect(Self.flaw([(":authority", nil)]) == nil)
        #expect(Self.flaw([], more: [("host", "a:80"), ("content-length", "0"), ("x-empty", ""), ("x-tab", "a\tb c")]) == nil)
        #expect(Self.flaw([(":method", "OPTIONS"), (":path", "*")]) == nil)
        #expect(Self.flaw([(":scheme", "https")]) == nil)
        #expect(Self.flaw([(":scheme", "grpc+unix")]) == nil)
        #expect(Self.flaw([(":path", "/\u{fc}?{x}|\"")]) == nil)
        #expect(Self.flaw([], more: [("content-length", "123456789012345678")]) == nil)
    }

    @Test(arguments: ["", "x", "x/y", "http://a/x", "?x", "*", "*/", "/a b", "/a#b", "/a\r\nb", "/a\0", "/a\u{7f}", "/a\t"])
    func `paths that are none`(path: String) { #expect(Self.flaw([(":path", path)]) != nil) }

    @Test(arguments: ["", "G T", "GET\r\n", "G(T", "GÄT"])
    func `methods that are none`(method: String) { #expect(Self.flaw([(":method", method)]) != nil) }

    @Test(arguments: ["", "1a", "http://b/x", "ht tp", "a/b"])
    func `schemes that are none`(scheme: String) { #expect(Self.flaw([(":scheme", scheme)]) != nil) }

    @Test(arguments: ["a/b", "x@a", "a b", "a,b", "a\r\nb", "a?b", "a#b", "ä"])
    func `hosts that are none`(host: String) {
        #expect(Self.flaw([(":authority", host)]) != nil)
        #expect(Self.flaw([(":authority", nil)], more: [("host", host)]) != nil)
    }

    @Test func `host must be one, and what the authority says`() {
        #expect(Self.flaw([], more: [("host", "b")]) == "host differs from the authority")
        #expect(Self.flaw([], more: [("host", "a:80"), ("host", "a:80")]) == "host is there more than once")
        #expect(Self.flaw([(":authority", nil)], more: [("host", "a"), ("host", "b")]) == "host is there more than once")
    }

    @Test(arguments: ["+1", "-1", "-0", "0x1", "1,1", "1, 1", "", " 1", "1 ", "1e3", "1.0", "\u{661}", "1234567890123456789"])
    func `lengths that are none`(length: String) { #expect(Self.flaw([], more: [("content-length", length)]) != nil) }

    @Test func `a length must be there once`() {
        #expect(
            Self.flaw([], more: [("content-length", "1"), ("content-length", "1")]) == "content-length is there more than once")
    }

    @Test(arguments: [
        " a", "a ", "\ta", "a\t", "a\nb", "a\rb", "a\0b", "a\u{1}b", "a\u{7f}", " ", "long enough to be on the heap \n x",
    ])
    func `values that are none`(value: String) { #expect(Self.flaw([], more: [("x-a", value)]) != nil) }

    @Test(arguments: [
        ":status", ":protocol", ":", "X-A", "x a", "x-a:", "x\u{e4}", "connection", "keep-alive", "upgrade", "proxy-connection",
    ])
    func `names that requests do not have`(name: String) { #expect(Self.flaw([], more: [(name, "b")]) != nil) }

    @Test func `pseudo-header fields are there once, before others, and all that are needed`() {
        for name in [":method", ":scheme", ":path"] { #expect(Self.flaw([(name, nil)]) == "a request has a method, a scheme and a path") }
        for (name, value) in Self.sound {
            #expect(Self.flaw([], more: [(name, value)]) == "a pseudo-header field is there more than once")
            #expect(Self.flaw([(name, nil)], more: [("x-a", "b"), (name, value)]) == "a pseudo-header field comes after others")
        }
        #expect(Self.flaw([(":method", "CONNECT")]) == "CONNECT has a method and an authority, and nothing else")
        #expect(HTTP2RequestSummary([":method": "CONNECT", ":authority": "a:1"]).flaw == nil)
    }

    @Test func `te may say trailers and nothing else`() {
        #expect(Self.flaw([], more: [("te", "trailers")]) == nil)
        for value in ["gzip", "trailers, gzip", ""] { #expect(Self.flaw([], more: [("te", value)]) != nil) }
    }

    @Test func `the size of the list counts 32 bytes for each field`() {
        #expect(HTTP2RequestSummary([":method": "GET", "x-a": "bc"]).listBytes == 7 + 3 + 32 + 3 + 2 + 32)
    }

    @Test func `what the connection must know`() {
        let summary = HTTP2RequestSummary([":method": "HEAD", ":path": "/", "expect": "100-Continue"])
        #expect(summary.isHEAD && summary.expectsContinue && !summary.isCONNECT)
        #expect(HTTP2RequestSummary([":method": "CONNECT", ":authority": "a:1"]).isCONNECT)
    }

    @Test func `cookies in parts are put together, once and in order`() {
        let head = HTTPRequestHead(
            http2: HPACKHeaders(Self.sound + [("cookie", "a=1"), ("x-a", "b"), ("cookie", "b=2; c=3"), ("cookie", "d=4")]))
        #expect(head.headers["cookie"] == ["a=1; b=2; c=3; d=4"])
        #expect(head.headers.count == 3)
        #expect(HTTPRequestHead(http2: HPACKHeaders(Self.sound + [("cookie", "a=1")])).headers["cookie"] == ["a=1"])
    }

    @Test func `the authority becomes the host`() {
        #expect(HTTPRequestHead(http2: HPACKHeaders(Self.sound)).headers["host"] == ["a:80"])
        #expect(HTTPRequestHead(http2: HPACKHeaders(Self.sound + [("host", "a:80")])).headers["host"] == ["a:80"])
    }

    @Test func `trailers that frame or route are refused in requests and left out of responses`() {
        #expect(HeaderField(name: "x-sum", value: "1").mayBeTrailer)
        let others = [
            ("content-length", "1"), ("host", "a"), ("te", "trailers"), ("x-a", "b\nc"), ("x-a", "b "), (":path", "/"), ("X-A", "b"),
            ("connection", "close"), ("transfer-encoding", "chunked"), ("", "b"), ("x a", "b"),
        ]
        for (name, value) in others { #expect(!HeaderField(name: name, value: value).mayBeTrailer, "\(name)") }
        let trailers = HTTPHeaders(http2ResponseTrailers: ["grpc-message": "ends in a blank ", "content-length": "1", "host": "a"])
        #expect(trailers == ["grpc-message": "ends in a blank "])
    }
}
