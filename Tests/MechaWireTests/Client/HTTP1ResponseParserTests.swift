import MechaTestKit
import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite struct HTTP1ResponseParserTests {
    /// What a parser says about `text`, one line per event, body pieces joined; given in pieces of `step` bytes.
    static func trace(_ text: String, step: Int = .max, toHead: Bool = false, eof: Bool = false, limit: Int = 1_000) -> [String] {
        var parser = HTTP1ResponseParser(headerLimit: limit)
        parser.expectResponse(toHead: toHead)
        var lines: [String] = []
        var body = ""
        func note(_ event: HTTP1ResponseParser.Event) {
            switch event {
            case .head(let head):
                let fields = head.headers.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
                lines.append("head \(head.version.minor) \(head.status.code) \(head.status.reasonPhrase) \(fields)")
            case .body(let chunk): body += String(buffer: chunk)
            case .end(let trailers):
                if !body.isEmpty { lines.append("body \(body)") }
                let fields = trailers.map { $0.map { " \($0.name)=\($0.value)" }.joined() } ?? ""
                lines.append("end\(fields)\(parser.allowsReuse ? "" : " close")\(parser.hasStrayBytes ? " stray" : "")")
            }
        }
        do throws(WireError) {
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                parser.receive(ByteBuffer(bytes: rest.prefix(step)))
                rest = rest.dropFirst(step)
                while let event = try parser.next() { note(event) }
            }
            if eof, let event = try parser.receivedEOF() { note(event) }
        } catch {
            lines.append("error \(error.code)")
        }
        return lines
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ["head 1 200 OK Content-Length=5", "body hello", "end"]),
        ("HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", ["head 1 200 OK content-length=0", "end"]),
        ("HTTP/1.1 299 Odd one\r\ncontent-length: 0\r\n\r\n", ["head 1 299 Odd one content-length=0", "end"]),
        ("HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n", ["head 1 204 No Content content-length=7", "end close"]),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", ["head 1 304 Not Modified ", "end"]),
        ("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", ["head 0 200 OK content-length=1", "body x", "end close"]),
        (
            "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\ncontent-length: 1\r\n\r\nx",
            ["head 0 200 OK Connection=Keep-Alive content-length=1", "body x", "end"]
        ),
        (
            "HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 1\r\n\r\nx",
            ["head 1 200 OK connection=x, Close content-length=1", "body x", "end close"]
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            ["head 1 200 OK content-length=0", "end"]
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\n\r\n",
            ["head 1 200 OK Transfer-Encoding=chunked", "body abc0123456789", "end"]
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n",
            ["head 1 200 OK transfer-encoding=chunked", "body a", "end X-Sum=1"]
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            ["head 1 200 OK content-length=9 transfer-encoding=chunked", "body a", "end close"]
        ),
        ("HTTP/1.1 200 OK\ncontent-length: 2\n\nab", ["head 1 200 OK content-length=2", "body ab", "end"]),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc", ["head 1 200 OK content-length=3, 3", "body abc", "end"]),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc", ["head 1 200 OK content-length=1", "body a", "end stray"]),
    ])
    func `a well-formed response reads the same however its bytes are split`(text: String, expected: [String]) {
        #expect(Self.trace(text) == expected)
        guard !expected.last!.hasSuffix("stray") else { return }
        for step in 1...7 { #expect(Self.trace(text, step: step) == expected) }
    }

    @Test(arguments: [
        "ICY 200 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n", "HTTP/1.1 200 OK\r\nspace : b\r\n\r\n", "HTTP/1.1 200 OK\r\na: b\u{0}c\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1, 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
    ])
    func `a malformed head is an error and yields nothing`(text: String) {
        #expect(Self.trace(text) == ["error malformed"])
    }

    @Test(arguments: ["x\r\n", "-1\r\n", "1\r\nab\r\n", "1\r\na\n0\r\n", "fffffffffffffffff\r\n", "\r\n", "1_\r\n"])
    func `a malformed chunk is an error`(chunk: String) {
        let lines = Self.trace("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk)
        #expect(lines.last == "error malformed")
    }

    @Test func `a body without length ends with the connection, and the connection with it`() {
        let text = "HTTP/1.1 200 OK\r\n\r\nall of it"
        #expect(Self.trace(text, eof: true) == ["head 1 200 OK ", "body all of it", "end close"])
        let coded = "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nz"
        #expect(Self.trace(coded, eof: true) == ["head 1 200 OK transfer-encoding=gzip", "body z", "end close"])
    }

    @Test(arguments: [
        "", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
    ])
    func `a response that is cut off is an error`(text: String) {
        #expect(Self.trace(text, eof: true).last == "error connection closed")
    }

    @Test func `the answer to HEAD has no body whatever its length says`() {
        let text = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"
        #expect(Self.trace(text, toHead: true) == ["head 1 200 OK content-length=10", "end"])
    }

    @Test func `headers and trailers beyond the limit are an error, complete or not`() {
        let long = String(repeating: "a", count: 1_000)
        #expect(Self.trace("HTTP/1.1 200 OK\r\nx: \(long)\r\n\r\n") == ["error too large"])
        #expect(Self.trace("HTTP/1.1 200 OK\r\nx: \(long)") == ["error too large"])
        let trailers = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: \(long)\r\n\r\n"
        #expect(Self.trace(trailers).last == "error too large")
        let line = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;" + String(repeating: "x", count: 5_000)
        #expect(Self.trace(line).last == "error malformed")
    }

    @Test func `random bytes never do more than fail`() {
        var generator = SeededGenerator(seed: 7)
        let seed = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 12\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"
        for _ in 0..<3_000 {
            var bytes = Array(seed.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let whole = Self.trace(text, eof: true)
            let split = Self.trace(text, step: 3, eof: true)
            #expect(whole.last?.hasPrefix("error") == true || whole.last?.hasPrefix("end") == true)
            if split.last?.hasSuffix("stray") != true, whole.last?.hasSuffix("stray") != true { #expect(whole.last == split.last) }
        }
    }
}
