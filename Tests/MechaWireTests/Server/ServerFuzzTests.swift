import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing

@testable import MechaWire

/// Random and damaged bytes at both entrances. Whatever comes: no crash, no hang, and when the
/// connection is gone every exchange that began has ended. The bytes are the same in every run.
@Suite struct ServerFuzzTests {
    private static let http1 = """
        GET /a HTTP/1.1\r\nHost: x\r\n\r\n\
        POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde\
        POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;b=c\r\n0123456789\r\n0\r\nX-T: v\r\n\r\n\
        GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n
        """

    /// Preface, SETTINGS, a request, one with a body and trailers, WINDOW_UPDATE, PING, RST_STREAM, PRIORITY, GOAWAY.
    private static let http2: [UInt8] =
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        + [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 10]
        + [0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 0x01, 0x61]
        + [0, 0, 6, 1, 4, 0, 0, 0, 3, 0x83, 0x86, 0x84, 0x41, 0x01, 0x61]
        + [0, 0, 3, 0, 0, 0, 0, 0, 3, 1, 2, 3]
        + [0, 0, 5, 0, 8, 0, 0, 0, 3, 2, 1, 2, 0, 0]
        + [0, 0, 6, 1, 5, 0, 0, 0, 3, 0x40, 0x01, 0x61, 0x01, 0x62, 0x40 | 0x80]
        + [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0]
        + [0, 0, 4, 8, 0, 0, 0, 0, 1, 0, 0, 0, 5]
        + [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
        + [0, 0, 6, 1, 4, 0, 0, 0, 5, 0x83, 0x86, 0x84, 0x41, 0x01, 0x61]
        + [0, 0, 4, 3, 0, 0, 0, 0, 5, 0, 0, 0, 8]
        + [0, 0, 5, 2, 0, 0, 0, 0, 7, 0, 0, 0, 0, 9]
        + [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

    /// Counts exchanges that began and ended.
    private final class Balance: Sendable {
        let began = Atomic<Int>(0)
        let ended = Atomic<Int>(0)
    }

    private func run(_ bytes: [UInt8], cuts generator: inout SeededGenerator) throws {
        let balance = Balance()
        let server = try EmbeddedServer(
            service: ClosureService { exchange in
                balance.began.add(1, ordering: .relaxed)
                exchange.onFinish = { _ in balance.ended.add(1, ordering: .relaxed) }
                exchange.run { exchange in
                    exchange.start(HTTPResponseHead(version: .http1_1, status: .ok))
                    do {
                        while let chunk = try await exchange.nextBodyChunk() { try await exchange.writeAndWait(chunk) }
                        exchange.end(trailers: exchange.requestTrailers)
                    } catch {
                        exchange.abort(error)
                    }
                }
            })
        var rest = bytes[...]
        while !rest.isEmpty, server.channel.isActive {
            let piece = rest.prefix(Int.random(in: 1...64, using: &generator))
            rest = rest.dropFirst(piece.count)
            // What the codec says about bad bytes comes out as an error of the pipeline's end; not our concern here.
            _ = try? server.channel.writeInbound(ByteBuffer(bytes: piece))
            _ = try? server.sent()
        }
        if server.channel.isActive { server.disconnect() }
        server.channel.embeddedEventLoop.run()
        #expect(balance.began.load(ordering: .relaxed) == balance.ended.load(ordering: .relaxed), "bytes: \(bytes)")
    }

    /// Changes a few places: flips, deletions, repetitions, bytes that mean something.
    private func damage(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        let meaningful: [UInt8] = [0, 1, 0x0a, 0x0d, 0x20, 0x3a, 0x7f, 0x80, 0xff, 0x09, 0x30, 0x3b]
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes[place] = meaningful.randomElement(using: &generator) ?? 0
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(meaningful.randomElement(using: &generator) ?? 0, at: place)
            default:
                let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            }
        }
        return bytes
    }

    @Test(arguments: 0..<4) func `random bytes do no harm`(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<150 {
            let bytes = (0..<Int.random(in: 1...300, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try run(bytes, cuts: &generator)
            try run(Array(Self.http2.prefix(24)) + bytes, cuts: &generator)
        }
    }

    @Test(arguments: 0..<4) func `damaged HTTP/1.1 does no harm`(seed: Int) throws {
        var generator = SeededGenerator(seed: 100 + UInt64(seed))
        for _ in 0..<400 { try run(damage(Array(Self.http1.utf8), &generator), cuts: &generator) }
    }

    @Test(arguments: 0..<4) func `damaged HTTP/2 does no harm`(seed: Int) throws {
        var generator = SeededGenerator(seed: 200 + UInt64(seed))
        for _ in 0..<400 { try run(damage(Self.http2, &generator), cuts: &generator) }
    }

    @Test func `undamaged bytes are served`() throws {
        var generator = SeededGenerator(seed: 1)
        try run(Array(Self.http1.utf8), cuts: &generator)
        try run(Self.http2, cuts: &generator)
    }
}
