import MechaTestKit
import NIOCore
import NIOHPACK
import NIOHTTP1
import Testing

@testable import MechaWire

/// Header blocks that are mutated at random go through the compression and the checks of a connection; what
/// passes must be one unambiguous request of HTTP/1.1.
@Suite struct HTTP2RequestFuzzTests {
    private static let corpus: [[(String, String)]] = [
        [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/x?y")],
        [
            (":method", "POST"), (":scheme", "https"), (":authority", "a:80"), (":path", "/p"), ("content-length", "0"),
            ("accept", "*/*"),
        ],
        [(":method", "GET"), (":scheme", "http"), (":path", "/c"), ("host", "b"), ("cookie", "a=1"), ("cookie", "b=2")],
        [(":method", "OPTIONS"), (":scheme", "http"), (":authority", "[::1]"), (":path", "*"), ("te", "trailers")],
    ]
    private static let names = [
        ":method", ":path", ":scheme", ":authority", ":status", ":protocol", "host", "content-length", "transfer-encoding",
        "connection", "te",
        "cookie", "X-A", "x-a", "x a", "x-a:", "keep-alive", "upgrade", "proxy-connection", "http2-settings", "expect", "x\r\ny",
    ]
    private static let values = [
        "", "a", "b", "/x", "x", "*", "/a b", "/#", "GET", "POST", "CONNECT", "OPTIONS", "G T", "http", "http://b/", "0", "1", "+0",
        "0, 0", "chunked",
        "trailers", "gzip", " a", "a ", "a\tb", "a\r\nx: y", "a\nb", "a\0", "a\u{1}", "\u{7f}", "a/b", "x@a", "a,b", "\u{fc}",
        "a;b", "close",
        "/ HTTP/1.1\r\nhost: b\r\n\r\n", "a=1; b=2", "100-continue", "/\u{fc}", "//", "/\\", "/%0d%0a", "0x0", "000",
    ]

    private static func mutated(_ random: inout SeededGenerator) -> [(String, String)] {
        var fields = corpus.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let index = fields.indices.randomElement(using: &random) ?? 0
            let value = values.randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<5, using: &random) {
            case 0: fields[index].1 = value
            case 1: fields.append((names.randomElement(using: &random) ?? "", value))
            case 2 where fields.count > 1: fields.remove(at: index)
            case 3: fields.insert(fields[index], at: Int.random(in: 0...fields.count, using: &random))
            default: fields[index].1.unicodeScalars.append(Unicode.Scalar(UInt8.random(in: 0...127, using: &random)))
            }
        }
        return fields
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a request that is taken means the same over HTTP/1.1`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var wire = Connection()
        var taken = 0
        for _ in 0..<150 {
            let fields = HPACKHeaders(Self.mutated(&random))
            guard let headers = try wire.received(fields) else { continue }
            taken += 1
            let head = HTTPRequestHead(http2: headers)
            // Refused by name rather than passed on by our own parser, which the check reads with.
            guard head.headers["expect"].allSatisfy({ $0 == "100-continue" }) else { continue }
            try ForwardedRequest(head, body: .none).check()
        }
        // The mutations must leave something to check.
        #expect(taken > 20)
    }

    /// The server's side of a connection, and a client's compression in front of it.
    private struct Connection {
        private var machine = HTTP2ServerMachine(limits: WireLimits())
        private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
        private var lastStream: UInt32 = 0

        init() {
            machine.receive(ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\0\0\0\u{4}\0\0\0\0\0"))
            #expect(machine.next(at: .now()) == nil, "the preface is no event")
        }

        /// The block as the server hands it on; nil when it does not.
        mutating func received(_ fields: HPACKHeaders) throws -> HPACKHeaders? {
            lastStream += lastStream == 0 ? 1 : 2
            var block = ByteBuffer()
            try encoder.encode(headers: fields, to: &block)
            var frame = ByteBuffer()
            HTTP2FrameHead(length: block.readableBytes, kind: 1, flags: 5, stream: lastStream).write(into: &frame)
            frame.writeBuffer(&block)
            machine.receive(frame)
            var found: HPACKHeaders?
            while let event = machine.next(at: .now()) {
                switch event {
                case .request(_, let headers, let summary, _): if !summary.isCONNECT { found = headers }
                case .streamFailed: break
                default: Issue.record("a mutated request is no matter of the whole connection: \(event)")
                }
            }
            machine.reset(lastStream, .noError)
            return found
        }
    }
}
