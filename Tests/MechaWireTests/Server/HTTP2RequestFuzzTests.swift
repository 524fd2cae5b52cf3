import MechaTestKit
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import Testing

@testable import MechaWire

/// Header blocks that are mutated at random go through the real codec and then through our own checks; what
/// both let pass must be one unambiguous request of HTTP/1.1.
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
        let wire = try Codecs()
        var taken = 0
        for _ in 0..<150 {
            let fields = HPACKHeaders(Self.mutated(&random))
            guard let headers = try wire.received(fields) else { continue }
            let summary = HTTP2RequestSummary(headers)
            guard summary.flaw == nil, !summary.isCONNECT else { continue }
            taken += 1
            let head = HTTPRequestHead(http2: headers)
            // Refused by name rather than passed on by our own parser, which the check reads with.
            guard head.headers["expect"].allSatisfy({ $0 == "100-continue" }) else { continue }
            try ForwardedRequest(head, body: .none).check()
        }
        // The mutations must leave something to check.
        #expect(taken > 20)
    }

    /// A client that sends anything, joined with the server's codec as the server sets it up.
    private struct Codecs {
        let client = EmbeddedChannel()
        let server = EmbeddedChannel()
        private let nextStream = Counter()

        init() throws {
            try client.pipeline.syncOperations.addHandler(
                NIOHTTP2Handler(mode: .client, headerBlockValidation: .disabled, contentLengthValidation: .disabled))
            var connection = NIOHTTP2Handler.ConnectionConfiguration()
            connection.maximumConnectionGlitches = 1_000_000
            var streams = NIOHTTP2Handler.StreamConfiguration()
            streams.streamResetFrameRateLimit.maximumCount = .max
            streams.streamErrorRateLimit.maximumCount = .max
            try server.pipeline.syncOperations.addHandler(
                NIOHTTP2Handler(mode: .server, connectionConfiguration: connection, streamConfiguration: streams))
            client.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
            server.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 2), promise: nil)
            try exchange()
        }

        /// The block as the server's codec hands it on; nil when it does not.
        func received(_ fields: HPACKHeaders) throws -> HPACKHeaders? {
            let id = HTTP2StreamID(nextStream.next() * 2 + 1)
            client.writeAndFlush(HTTP2Frame(streamID: id, payload: .headers(.init(headers: fields, endStream: true))), promise: nil)
            try exchange()
            var headers: HPACKHeaders?
            while let frame = try server.readInbound(as: HTTP2Frame.self) {
                if case .headers(let payload) = frame.payload, frame.streamID == id { headers = payload.headers }
            }
            if headers != nil {
                server.writeAndFlush(HTTP2Frame(streamID: id, payload: .rstStream(.noError)), promise: nil)
                try exchange()
            }
            while try client.readInbound(as: HTTP2Frame.self) != nil {}
            return headers
        }

        private func exchange() throws {
            var isBusy = true
            while isBusy {
                isBusy = false
                while let bytes = try client.readOutbound(as: ByteBuffer.self) {
                    isBusy = true
                    // A refused block comes as an error here; the codec has reset the stream, unless the whole
                    // connection is at fault.
                    do {
                        try server.writeInbound(bytes)
                    } catch  where error is NIOHTTP2Errors.UnableToParseFrame {
                        throw error
                    } catch {}
                }
                while let bytes = try server.readOutbound(as: ByteBuffer.self) {
                    isBusy = true
                    try client.writeInbound(bytes)
                }
            }
        }
    }
}
