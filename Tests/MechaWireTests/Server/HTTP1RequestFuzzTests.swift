import MechaTestKit
import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

/// Requests that are mutated at random, with seeds so that a failure can be run again.
@Suite struct HTTP1RequestFuzzTests {
    private static let corpus = [
        "GET /x?y=z HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
        "\r\nGET http://a:80/x HTTP/1.1\r\nHost: a:80\r\nConnection: close, x-a\r\nX-A: b\r\n\r\n",
        "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nabcdeGET / HTTP/1.1\r\nHost: b\r\n\r\n",
        "PUT /c HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n3;e=\"f\"\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-T: t\r\n\r\n"
            + "DELETE /d HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\nCookie: a=b\r\n\r\nHEAD / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ].map { Array($0.utf8) }

    private static let pieces = [
        "\r\n", "\n", "\r", " ", "\t", "\0", "\u{b}", "\u{7f}", ":", ";", ",", "#", "\r\n\r\n", "\r\n ", "0\r\n\r\n", "+", "-",
        "0x", "\u{fc}",
        "Content-Length: 3\r\n", "content-length:5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n",
        "transfer-encoding: identity\r\n",
        "Host: b\r\n", "Connection: content-length\r\n", "Expect: 100-continue\r\n", "GET / HTTP/1.1\r\n", "HTTP/1.0",
        "fffffffffffffff", "ffffffff",
    ].map { Array($0.utf8) }

    private static func mutated(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = corpus.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let position = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where position < bytes.count: bytes[position] = UInt8.random(in: 0...255, using: &random)
            case 1 where position < bytes.count: bytes.remove(at: position)
            case 2 where position < bytes.count:
                let end = Int.random(in: position...min(bytes.count, position + 40), using: &random)
                bytes.insert(contentsOf: bytes[position..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 3: bytes += corpus.randomElement(using: &random) ?? []
            default:
                // Often at the start of a line, where it has a meaning.
                let starts = bytes.indices.filter { $0 > 0 && bytes[$0 - 1] == UInt8(ascii: "\n") }
                let place = Bool.random(using: &random) ? starts.randomElement(using: &random) ?? position : position
                bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
            }
        }
        return bytes
    }

    /// What a parser makes of `bytes` that arrive in pieces of the given sizes; adjoining body bytes joined.
    private static func trace(_ bytes: [UInt8], pieces: [Int], requests: inout [HTTP1Request]) -> [String] {
        var parser = HTTP1RequestParser(headerBytes: 400)
        var lines: [String] = []
        var body: [UInt8] = []
        var input = ByteBuffer()
        var rest = bytes[...]
        func endBody() {
            if !body.isEmpty { lines.append("body \(body)") }
            body = []
        }
        for piece in pieces + [Int.max] where !rest.isEmpty {
            input.writeBytes(rest.prefix(piece))
            rest = rest.dropFirst(piece)
            feeding: while true {
                switch parser.next(&input) {
                case .needsMore: break feeding
                case .head(let request):
                    requests.append(request)
                    lines.append(
                        "head \(request.head) \(request.body) \(request.isKeepAlive) \(request.expectsContinue) \(request.http2Settings ?? "-")"
                    )
                case .body(let chunk): body += Array(chunk.readableBytesView)
                case .end(let trailers):
                    endBody()
                    lines.append("end \(trailers.map { "\($0)" } ?? "-")")
                case .http2Preface:
                    lines.append("preface")
                    return lines
                case .invalid:
                    endBody()
                    lines.append("invalid")
                    return lines
                }
            }
        }
        endBody()
        return lines
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `how the bytes are cut into pieces changes nothing`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let bytes = Self.mutated(&random)
            var whole: [HTTP1Request] = []
            var cut: [HTTP1Request] = []
            let sizes = (0..<bytes.count).map { _ in Int.random(in: 1...(Bool.random(using: &random) ? 3 : 60), using: &random) }
            let expected = Self.trace(bytes, pieces: [], requests: &whole)
            let found = Self.trace(bytes, pieces: sizes, requests: &cut)
            #expect(expected == found, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
    }

    @Test(arguments: 100..<140 as Range<UInt64>)
    func `a request that is taken means the same when it is passed on`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let bytes = Self.mutated(&random)
            var requests: [HTTP1Request] = []
            _ = Self.trace(bytes, pieces: [], requests: &requests)
            for request in requests { try ForwardedRequest(request.head, body: request.body).check() }
        }
    }
}
