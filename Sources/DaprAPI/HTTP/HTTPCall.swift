import MechaCore
import MechaHost
import MechaTelemetry
import MechaWire
import NIOCore
import NIOHTTP1

/// A request to a route of the API, and ways to answer it.
struct HTTPCall: Sendable {
    let exchange: ServerExchange
    let app: AppRuntime
    let match: HTTPRouter.Match
    let query: QueryParameters
    /// Goes on with what the request causes.
    let trace: TraceContext?

    init(
        exchange: ServerExchange, app: AppRuntime, match: HTTPRouter.Match, query: Substring, trace: TraceContext?
    ) throws {
        self.exchange = exchange
        self.app = app
        self.match = match
        self.trace = trace
        self.query = try QueryParameters(query)
    }

    /// The decoded value of the route's n-th placeholder.
    func parameter(_ index: Int) throws -> String {
        guard let value = PercentCoding.decode(match.parameters[index], plusIsBlank: true) else {
            throw DaprError.badRequest("the path has a broken percent escape")
        }
        return value
    }

    /// The whole request body, at most `--max-body-size`.
    func body() async throws -> ByteBuffer { try await exchange.collectBody(upTo: app.options.maximumBodyBytes) }

    func header(_ name: String) -> String? { exchange.head.headers.first(name: name) }

    func answer(_ status: HTTPResponseStatus = .noContent, headers: HTTPHeaders = [:]) {
        exchange.respond(status: status, headers: headers)
    }

    func answerJSON(_ body: ByteBuffer, status: HTTPResponseStatus = .ok, headers: HTTPHeaders = [:]) {
        var headers = headers
        headers.add(name: "content-type", value: "application/json")
        exchange.respond(status: status, headers: headers, body: body)
    }

    func answerJSON(_ body: JSON, status: HTTPResponseStatus = .ok) { answerJSON(body.buffer, status: status) }
}
