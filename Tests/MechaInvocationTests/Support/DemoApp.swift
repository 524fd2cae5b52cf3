import MechaWire
import NIOCore
import NIOHTTP1

/// An app as tests need it: `/echo` sends back what comes, `/headers` tells what headers came, `/many/<n>`
/// sends n bytes, `/count` counts what it reads, `/status/<n>` answers so, `/hang` never answers, `/cut` breaks
/// off in the middle.
enum DemoApp {
    static let service = TestService { exchange in
        exchange.run { exchange in await handle(exchange) }
    }

    private static func handle(_ exchange: ServerExchange) async {
        let parts = exchange.head.uri.prefix { $0 != "?" }.split(separator: "/").map(String.init)
        switch parts.first {
        case "echo":
            exchange.start(HTTPResponseHead(version: .http1_1, status: .ok))
            exchange.flush()
            while let chunk = try? await exchange.nextBodyChunk() { try? await exchange.writeAndWait(chunk) }
            exchange.end(trailers: exchange.requestTrailers)
        case "headers":
            let lines = exchange.head.headers.map { "\($0.name.lowercased()): \($0.value)" }
            exchange.respond(
                status: .ok, headers: ["keep-alive": "5", "x-app": "yes"],
                body: ByteBuffer(string: ([exchange.head.uri] + lines).joined(separator: "\n")))
        case "many":
            exchange.start(HTTPResponseHead(version: .http1_1, status: .ok))
            var left = Int(parts[1]) ?? 0
            while left > 0, exchange.failure == nil {
                let count = min(left, 64 << 10)
                try? await exchange.writeAndWait(ByteBuffer(repeating: 0x61, count: count))
                left -= count
            }
            exchange.end()
        case "count":
            var total = 0
            while let chunk = try? await exchange.nextBodyChunk() {
                total += chunk.readableBytes
                await Task.yield()
            }
            exchange.respond(status: .ok, body: ByteBuffer(string: String(total)))
        case "status":
            exchange.respond(status: .init(statusCode: Int(parts[1]) ?? 500), body: ByteBuffer(string: "from the app"))
        case "hang":
            try? await Task.sleep(for: .seconds(60))
        case "cut":
            // Breaks off when the first piece of the request has come, which the caller sends when it has
            // seen the beginning of the response.
            exchange.start(HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "100"]))
            exchange.write(ByteBuffer(string: "only this"))
            _ = try? await exchange.nextBodyChunk()
            exchange.abort(WireError(.cancelled, "cut"))
        default:
            exchange.respond(status: .notFound)
        }
    }
}
