import MechaProto
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP1
import SwiftProtobuf

@testable import MechaWire

typealias Text = Google_Protobuf_StringValue

/// One exchange of a router on a loop that the test turns by hand; keeps what goes out as text.
///
/// Everything happens on the thread of the test.
final class GRPCServerFixture: ServerExchangeDriver, @unchecked Sendable {
    static let echo = RPC<Text, Text>("test.Echo", "Call", path: "/test.Echo/Call")

    let loop = EmbeddedEventLoop()
    private(set) var log: [String] = []
    private(set) var flushes = 0
    private(set) var trailers: HPACKHeaders?
    private(set) var headers: HPACKHeaders?
    private(set) var exchange: ServerExchange?
    private(set) var messages: [ByteBuffer] = []
    var isWritable = true
    let peerAddress: SocketAddress? = nil

    /// A request with these fields over the usual ones; the body follows by ``receive(_:)`` and ``receiveEnd()``.
    func request(_ fields: [(String, String)] = [], to router: GRPCRouter, body: ByteBuffer? = nil) {
        var headers: HPACKHeaders = [":method": "POST", ":path": "/test.Echo/Call", "content-type": "application/grpc"]
        for (name, value) in fields { headers.replaceOrAdd(name: name, value: value) }
        let context = LoopContext(loop: loop, index: 0)
        let exchange = ServerExchange(
            head: nil, http2Headers: headers, isSecure: false, context: context, limits: .init(), observer: SilentWireObserver(),
            driver: self)
        self.exchange = exchange
        if let body {
            exchange.received(body)
            exchange.receivedEnd(trailers: nil)
        }
        router.handle(exchange)
        loop.run()
    }

    func receive(_ body: ByteBuffer) {
        exchange?.received(body)
        loop.run()
    }

    func receiveEnd() {
        exchange?.receivedEnd(trailers: nil)
        loop.run()
    }

    func reset() {
        exchange?.failed(WireError(.cancelled, "reset"))
        loop.run()
    }

    static func frame(_ text: String) -> ByteBuffer {
        (try? GRPCMessageCoding.encode(Text(text), gzip: false, limits: .init())) ?? ByteBuffer()
    }

    /// The gRPC status that was sent.
    var status: GRPCStatus? {
        (trailers ?? headers).flatMap { GRPCStatus(fields: HTTPHeaders($0.map { ($0.name, $0.value) })) }
    }

    // MARK: - ServerExchangeDriver

    func sendWhole(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, body: ByteBuffer?) { log.append("HTTP \(status.code)") }

    func sendHead(_ head: HTTPResponseHead) { log.append("HTTP head \(head.status.code)") }

    func sendBody(_ chunk: ByteBuffer) {
        log.append("data \(chunk.readableBytes)")
        messages.append(chunk)
    }

    func sendEnd(trailers: HTTPHeaders?) { log.append("HTTP end") }

    func flush() { flushes += 1 }

    func sendHTTP2(_ headers: HPACKHeaders, body: ByteBuffer?, trailers: HPACKHeaders?) {
        log.append("whole")
        self.headers = headers
        self.trailers = trailers
        if let body { messages.append(body) }
        flushes += 1
    }

    func sendHTTP2Headers(_ headers: HPACKHeaders, endStream: Bool) {
        log.append(endStream ? "trailers" : "headers")
        if endStream { trailers = headers } else { self.headers = headers }
    }

    func setReading(_ isReading: Bool) {}
    func exchangeFinished() { log.append("finished") }
    func abort(_ error: WireError) { log.append("abort \(error.code)") }
}
