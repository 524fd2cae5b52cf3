import MechaWire
import NIOCore
import NIOHTTP1

/// The probe's routes.
///
/// - `/hello`: five bytes, answered without a task; `/hello-async`: the same from an async handler
/// - `/echo`: streams the request body back, trailers included
/// - `/bytes/<n>`: n bytes, streamed with back-pressure
/// - `/collect`: the size of the body, which is collected up to the limit (413 beyond)
/// - `/slow/<ms>`: answers after that time
/// - `/status/<code>`: that status, with `?head=1` begun as a stream
/// - `/events/<n>`: n server-sent events
/// - `/head`: method, target and headers as the service sees them
/// - `/counters`: what ``ProbeCounters`` holds
struct ProbeService: HTTPService {
    let counters: ProbeCounters

    func handle(_ exchange: ServerExchange) {
        let path = exchange.head.uri.split(separator: "?", maxSplits: 1)[0].split(separator: "/")
        guard let route = path.first else { return exchange.respond(status: .notFound) }
        let number = path.count > 1 ? Int(path[1]) ?? 0 : 0
        switch route {
        case "hello": exchange.respond(status: .ok, body: Self.hello)
        case "status": exchange.respond(status: HTTPResponseStatus(statusCode: number), body: Self.hello)
        case "head": exchange.respond(status: .ok, body: ByteBuffer(string: describe(exchange.head)))
        case "counters": exchange.respond(status: .ok, body: ByteBuffer(string: counters.summary))
        case "hello-async": run(exchange) { $0.respond(status: .ok, body: Self.hello) }
        case "collect": run(exchange, Self.collect)
        case "echo": run(exchange, Self.echo)
        case "bytes": run(exchange) { await Self.bytes($0, count: number) }
        case "slow": run(exchange) { await Self.slow($0, milliseconds: number) }
        case "events": run(exchange) { await Self.events($0, count: number) }
        default: exchange.respond(status: .notFound)
        }
    }

    private static let hello = ByteBuffer(string: "hello")

    private func run(_ exchange: ServerExchange, _ handler: @escaping @Sendable (ServerExchange) async -> Void) {
        let counters = counters
        counters.exchangeBegan()
        exchange.run { exchange in
            await handler(exchange)
            counters.exchangeEnded()
        }
    }

    private func describe(_ head: HTTPRequestHead) -> String {
        "\(head.method.rawValue) \(head.uri)\n" + head.headers.map { "\($0.name): \($0.value)\n" }.joined()
    }

    private static func collect(_ exchange: ServerExchange) async {
        do {
            let body = try await exchange.collectBody()
            exchange.respond(status: .ok, body: ByteBuffer(string: "\(body.readableBytes)"))
        } catch {
            exchange.respond(status: error.code == .tooLarge ? .payloadTooLarge : .badRequest, body: ByteBuffer(string: error.message))
        }
    }

    private static func echo(_ exchange: ServerExchange) async {
        exchange.start(HTTPResponseHead(version: .http1_1, status: .ok, headers: ["trailer": "x-echoed"]))
        exchange.flush()
        do {
            var count = 0
            while let chunk = try await exchange.nextBodyChunk() {
                count += chunk.readableBytes
                try await exchange.writeAndWait(chunk)
            }
            var trailers: HTTPHeaders = ["x-echoed": "\(count)"]
            if let received = exchange.requestTrailers { trailers.add(contentsOf: received) }
            exchange.end(trailers: trailers)
        } catch {
            exchange.abort(error)
        }
    }

    private static func bytes(_ exchange: ServerExchange, count: Int) async {
        exchange.start(HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "\(count)"]))
        let piece = ByteBuffer(repeating: UInt8(ascii: "b"), count: 16 << 10)
        var left = count
        do {
            while left > 0 {
                let slice = piece.getSlice(at: 0, length: min(left, piece.readableBytes)) ?? piece
                left -= slice.readableBytes
                try await exchange.writeAndWait(slice)
            }
            exchange.end()
        } catch {
            exchange.abort(error)
        }
    }

    private static func slow(_ exchange: ServerExchange, milliseconds: Int) async {
        try? await Task.sleep(for: .milliseconds(milliseconds))
        exchange.respond(status: .ok, body: hello)
    }

    private static func events(_ exchange: ServerExchange, count: Int) async {
        exchange.start(HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-type": "text/event-stream"]))
        do {
            for index in 0..<count {
                try await exchange.writeAndWait(ByteBuffer(string: "data: \(index)\n\n"))
                try? await Task.sleep(for: .milliseconds(10))
            }
            exchange.end()
        } catch {
            exchange.abort(error)
        }
    }
}
