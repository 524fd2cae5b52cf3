import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

/// The parser as a state machine: bytes in, events out. The table of refusals is Tests/Wire/test_http1.py's.
@Suite struct HTTP1RequestParserTests {
    /// What the parser makes of `pieces`, bodies joined, as one line per event.
    private func events(_ pieces: [String], headerBytes: Int = 1_000) -> [String] {
        var parser = HTTP1RequestParser(headerBytes: headerBytes)
        var input = ByteBuffer()
        var lines: [String] = []
        var body = ""
        for piece in pieces {
            input.writeString(piece)
            loop: while true {
                switch parser.next(&input) {
                case .needsMore: break loop
                case .head(let request):
                    lines.append("\(request.head.method) \(request.head.uri) \(request.body) \(request.isKeepAlive ? "keep" : "close")")
                case .body(let chunk): body += String(buffer: chunk)
                case .end(let trailers):
                    lines.append("end '\(body)'" + (trailers.map { " \($0)" } ?? ""))
                    body = ""
                case .http2Preface:
                    lines.append("preface, \(input.readableBytes) bytes left")
                    return lines
                case .invalid(let violation):
                    lines.append("\(violation.status.code)")
                    return lines
                }
            }
        }
        return lines
    }

    @Test func `requests follow one another`() {
        let text = """
            GET /a HTTP/1.1\r\nHost: x\r\n\r\n\
            POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\
            PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX-T: 1\r\n\r\n\
            GET /d HTTP/1.0\r\n\r\n
            """
        let expected = [
            "GET /a none keep", "end ''",
            "POST /b length(3) keep", "end 'abc'",
            "PUT /c chunked keep", "end 'abc' X-T: 1",
            "GET /d none close", "end ''",
        ]
        #expect(events([text]) == expected)
        #expect(events(text.map(String.init)) == expected, "the same byte by byte")
    }

    @Test func `a message means the same however it is cut`() {
        let text = "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
        let whole = events([text])
        for cut in text.indices {
            #expect(events([String(text[..<cut]), String(text[cut...])]) == whole)
        }
    }

    @Test func `a preface of HTTP/2 is left to be read again, and only at the beginning`() {
        let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        #expect(events([preface]) == ["preface, 24 bytes left"])
        #expect(events(["GET / HTTP/1.1\r\nHost: x\r\n\r\n" + preface]).last == "505")
    }

    @Test func `the header limit counts the request line and all headers`() {
        let head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        #expect(events([head], headerBytes: head.utf8.count).first == "GET / none keep")
        #expect(events([head], headerBytes: head.utf8.count - 1) == ["431"])
        #expect(events([String(repeating: "a", count: 101)], headerBytes: 100) == ["431"])
    }

    @Test func `a violation stays one`() {
        var parser = HTTP1RequestParser(headerBytes: 100)
        var input = ByteBuffer(string: "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in 0..<3 {
            guard case .invalid(let violation) = parser.next(&input) else {
                Issue.record("expected a violation")
                return
            }
            #expect(violation == HTTP1Violation("host is missing"))
        }
    }

    @Test func `an absolute target is brought into the form of a path`() {
        #expect(events(["GET http://x/a?b HTTP/1.1\r\nHost: X\r\n\r\n"]).first == "GET /a?b none keep")
        #expect(events(["GET http://x?b HTTP/1.1\r\nHost: x\r\n\r\n"]).first == "GET /?b none keep")
        #expect(events(["GET https://x HTTP/1.1\r\nHost: x\r\n\r\n"]).first == "GET / none keep")
        #expect(events(["OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"]).first == "OPTIONS * none keep")
    }

    @Test func `the connection header decides about the next request`() {
        #expect(events(["GET / HTTP/1.1\r\nHost: x\r\nConnection: te, CLOSE\r\n\r\n"]).first == "GET / none close")
        #expect(events(["GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"]).first == "GET / none keep")
        #expect(events(["GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"]).first == "GET / none close")
    }
}
