import MechaWire
import NIOHTTP1

/// How a runtime tells another one that a call failed before the app had it: an HTTP response that carries
/// the code, so that no answer of an app is mistaken for it.
enum PeerFailure {
    static func respond(_ exchange: ServerExchange, _ error: InvocationError) {
        exchange.respond(
            status: .badGateway,
            headers: [HeaderName.failure: "\(error.code) \(HeaderText.escape(error.message))", "content-type": "text/plain"])
    }

    /// The failure that a peer's response carries; nil for an answer of the app.
    static func read(_ headers: HTTPHeaders) -> InvocationError? {
        for (name, value) in headers where name.utf8.count == HeaderName.failure.utf8.count {
            guard name.equalsIgnoringCase("mecha-failure") else { continue }
            let code = value.prefix { $0 != " " }
            return InvocationError(.init(String(code)), HeaderText.unescape(value.dropFirst(code.count + 1)))
        }
        return nil
    }
}
