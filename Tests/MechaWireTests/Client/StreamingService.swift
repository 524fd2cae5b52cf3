import NIOCore
import NIOHTTP1

@testable import MechaWire

/// A service of our own listener for client tests: `/echo` sends the body back, `/many/<n>` answers with n
/// bytes, `/slow` reads its body with pauses, anything else tells method and path.
struct StreamingService: HTTPService {
    func handle(_ exchange: ServerExchange) {
        exchange.run { exchange in
            let parts = exchange.head.uri.split(separator: "/").map(String.init)
            switch parts.first {
            case "echo":
                exchange.start(HTTPResponseHead(version: .http1_1, status: .ok))
                while let chunk = try? await exchange.nextBodyChunk() { try? await exchange.writeAndWait(chunk) }
                exchange.end(trailers: exchange.requestTrailers)
            case "many":
                exchange.start(HTTPResponseHead(version: .http1_1, status: .ok))
                var left = Int(parts[1]) ?? 0
                while left > 0, exchange.failure == nil {
                    let count = min(left, 64 << 10)
                    try? await exchange.writeAndWait(ByteBuffer(repeating: 0x61, count: count))
                    left -= count
                }
                exchange.end()
            case "slow":
                var total = 0
                while let chunk = try? await exchange.nextBodyChunk() {
                    total += chunk.readableBytes
                    await Task.yield()
                }
                exchange.respond(status: .ok, body: ByteBuffer(string: String(total)))
            default:
                exchange.respond(
                    status: .ok, body: ByteBuffer(string: "\(exchange.head.method) \(exchange.head.uri) \(exchange.head.version)"))
            }
        }
    }
}
