import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP1
import Synchronization

@testable import MechaWire

/// A service that is a closure.
struct ClosureService: HTTPService {
    let body: @Sendable (ServerExchange) -> Void

    init(_ body: @escaping @Sendable (ServerExchange) -> Void) { self.body = body }

    func handle(_ exchange: ServerExchange) { body(exchange) }
}

/// A server connection without a socket: bytes go in, bytes come out.
final class EmbeddedServer {
    let channel: EmbeddedChannel
    let shard: ListenerShard
    let flushes = FlushCounter()

    init(limits: WireLimits = WireLimits(), observer: any WireObserver = SilentWireObserver(), service: any HTTPService) throws {
        var options = ListenerOptions(.tcp(host: "127.0.0.1", port: 0))
        options.limits = limits
        channel = EmbeddedChannel()
        shard = ListenerShard(
            context: LoopContext(loop: channel.embeddedEventLoop, index: 0), service: service, observer: observer, options: options)
        try channel.pipeline.syncOperations.addHandler(flushes)
        try channel.pipeline.syncOperations.addHandler(HTTP1ServerConnection(shard: shard))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func receive(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    /// Everything that was sent since the last call.
    func sent() throws -> ByteBuffer {
        channel.embeddedEventLoop.run()
        var bytes = ByteBuffer()
        while let data = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = data { bytes.writeImmutableBuffer(buffer) }
        }
        return bytes
    }

    func text() throws -> String { String(buffer: try sent()) }

    /// The client goes away.
    func disconnect() {
        channel.pipeline.fireChannelInactive()
        channel.embeddedEventLoop.run()
    }
}

final class FlushCounter: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    private(set) var count = 0

    func flush(context: ChannelHandlerContext) {
        count += 1
        context.flush()
    }
}

/// Carries an exchange and notes what it is told.
final class RecordingDriver: ServerExchangeDriver {
    var calls: [String] = []
    var isWritable = true
    var peerAddress: SocketAddress? { nil }
    /// Done when the exchange asks for body bytes.
    var onRead: (() -> Void)?

    func sendWhole(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, body: ByteBuffer?) { calls.append("whole \(status.code)") }
    func sendHead(_ head: HTTPResponseHead) { calls.append("head \(head.status.code)") }
    func sendBody(_ chunk: ByteBuffer) { calls.append("body \(chunk.readableBytes)") }
    func sendEnd(trailers: HTTPHeaders?) { calls.append("end") }
    func flush() { calls.append("flush") }
    func sendHTTP2(_ headers: HPACKHeaders, body: ByteBuffer?, trailers: HPACKHeaders?) { calls.append("whole in HTTP/2") }
    func sendHTTP2Headers(_ headers: HPACKHeaders, endStream: Bool) { calls.append("headers in HTTP/2") }
    func exchangeFinished() { calls.append("finished") }
    func abort(_ error: WireError) { calls.append("abort \(error.code)") }

    func setReading(_ isReading: Bool) {
        calls.append(isReading ? "read" : "pause")
        if isReading { onRead?() }
    }
}

/// Counts what is reported.
final class CountingObserver: WireObserver {
    private let counts = Mutex<[String: Int]>([:])

    func limitExceeded(_ limit: WireLimits.Name) { add(limit.rawValue) }
    func connectionOpened(isInbound: Bool) { add("opened") }
    func connectionClosed(isInbound: Bool) { add("closed") }

    private func add(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }

    subscript(_ name: String) -> Int { counts.withLock { $0[name] ?? 0 } }
}

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
