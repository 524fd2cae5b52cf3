import MechaWire
import NIOCore
import NIOHTTP1

/// A service made of a closure.
struct TestService: HTTPService {
    let answer: @Sendable (ServerExchange) -> Void

    init(_ answer: @escaping @Sendable (ServerExchange) -> Void) { self.answer = answer }

    func handle(_ exchange: ServerExchange) { answer(exchange) }
}
