import MechaCore
import MechaHost
import MechaInvocation
import MechaTelemetry
import MechaWire
import NIOCore
import NIOHTTP1

/// Dapr's HTTP API of one app.
///
/// The order of the steps is Dapr's (section 1.0 of the Dapr surface): limits (by the listener), tracing,
/// metrics, CORS, API token, `httpPipeline`, API log, route. What is no route is an invocation when it names an app.
public final class DaprHTTPService: HTTPService {
    private let app: AppRuntime
    private let router: HTTPRouter
    private let cors: CORSPolicy?
    /// The public port serves its few routes and nothing else: no tokens, no invocation.
    private let isPublic: Bool
    private let isInvocationAllowed: Bool
    private static let invocationRouteID = RouteID(HTTPRouteTable.all.firstIndex { $0.group == .invoke } ?? -1)

    public init(app: AppRuntime, isPublic: Bool = false) {
        self.app = app
        self.isPublic = isPublic
        let access = APIAccess(app.configuration.api)
        let routes = isPublic ? HTTPRouteTable.publicRoutes : HTTPRouteTable.all
        self.router = HTTPRouter(
            routes.filter { $0.group == .healthz || access.allows(group: $0.group.rawValue, version: $0.version, over: .http) })
        isInvocationAllowed = !isPublic && access.allows(group: APIGroup.invoke.rawValue, version: .v1, over: .http)
        self.cors = CORSPolicy(allowedOrigins: app.options.allowedOrigins)
    }

    public func handle(_ exchange: ServerExchange) {
        if !isPublic, let pipeline = app.apiPipeline.current { return handle(exchange, through: pipeline) }
        route(exchange)
    }

    /// What was done with a request before it went through the pipeline.
    private struct Admission {
        var target: String
        var trace: TraceContext?
    }

    /// Routes a request. After a pipeline let it in, it is followed anew only where its target has changed.
    private func route(_ exchange: ServerExchange, admission: Admission? = nil) {
        let (path, query) = exchange.head.uri.splitAtQuery()
        // Invocation is looked for first: its paths may hold anything, a whole URL included.
        if isInvocationAllowed, path.utf8.starts(with: "/v1.0/invoke/".utf8) { return handleInvocation(exchange, path, admission) }

        let match = router.match(exchange.head.method, path)
        guard let match else { return handleInvocation(exchange, path, admission) }
        let trace: TraceContext?
        if let admission, admission.target == exchange.head.uri { trace = admission.trace } else { trace = follow(exchange, match, path) }
        guard admission != nil || admit(exchange, isProbe: match.route.group == .healthz) else { return }
        guard let handler = match.route.handler else {
            return answer(DaprError.unimplemented(match.route.group.rawValue), to: exchange)
        }
        do {
            let call = try HTTPCall(exchange: exchange, app: app, match: match, query: query, trace: trace)
            exchange.run { [self] exchange in
                do {
                    try await handler(call)
                } catch {
                    answer(error, to: exchange)
                }
            }
        } catch {
            answer(error, to: exchange)
        }
    }

    private func follow(_ exchange: ServerExchange, _ match: HTTPRouter.Match, _ path: Substring) -> TraceContext? {
        app.telemetry.follow(
            exchange, route: RouteID(match.index), template: match.route.fullTemplate, path: path,
            isTraced: match.route.group != .healthz)
    }

    private func followInvocation(_ exchange: ServerExchange, _ path: Substring, isNamed: Bool) -> TraceContext? {
        app.telemetry.follow(
            exchange, route: isNamed ? Self.invocationRouteID : .unknown,
            template: isNamed ? InvocationRoutes.route.fullTemplate : nil, path: path)
    }

    /// Sends the request through `httpPipeline` first, probes included, as it stands before the routes.
    private func handle(_ exchange: ServerExchange, through pipeline: HTTPPipeline) {
        let target = exchange.head.uri
        let (path, _) = target.splitAtQuery()
        // What the steps refuse is measured too, under the route that was asked for.
        let isInvocation = isInvocationAllowed && path.utf8.starts(with: "/v1.0/invoke/".utf8)
        let match = isInvocation ? nil : router.match(exchange.head.method, path)
        let trace = match.map { follow(exchange, $0, path) } ?? followInvocation(exchange, path, isNamed: isInvocation)
        guard admit(exchange, isProbe: match?.route.group == .healthz) else { return }
        let request = MiddlewareRequest(
            exchange.head, isSecure: exchange.isSecure, peerAddress: exchange.peerAddress,
            hasBody: !exchange.isRequestComplete || exchange.requestBodyBytes > 0
        ) { limit throws(WireError) in
            let body = try await exchange.collectBody(upTo: limit)
            return (body, exchange.requestTrailers)
        }
        pipeline.run(request, on: exchange.context) { [self] request, answer in
            guard let answer else {
                exchange.continueAs(request)
                return route(exchange, admission: Admission(target: target, trace: trace))
            }
            // Steps that the request has passed see the answer of a later one.
            exchange.filterResponse(request.responseFilters)
            var headers = answer.headers
            headers.add(contentsOf: request.responseHeaders)
            exchange.respond(status: answer.status, headers: headers, body: answer.body)
        }
    }

    /// A path of the invocation API, or one that is no route at all: an invocation when it names an app.
    private func handleInvocation(_ exchange: ServerExchange, _ path: Substring, _ admission: Admission?) {
        do {
            let target = isInvocationAllowed ? try InvocationRoutes.path(of: exchange.head) : nil
            let trace: TraceContext?
            if let admission, admission.target == exchange.head.uri {
                trace = admission.trace
            } else {
                trace = followInvocation(exchange, path, isNamed: target != nil)
            }
            guard admission != nil || admit(exchange, isProbe: false) else { return }
            guard let target else { throw DaprError.noAppID }
            try InvocationRoutes.forward(exchange, target, trace: trace, app: app)
        } catch {
            answer(error, to: exchange)
        }
    }

    /// CORS and API token. False when the exchange has its answer already.
    private func admit(_ exchange: ServerExchange, isProbe: Bool) -> Bool {
        if let cors {
            if let headers = cors.preflightHeaders(for: exchange.head) {
                exchange.respond(status: .noContent, headers: headers)
                return false
            }
            exchange.addResponseHeaders(cors.headers(for: exchange.head))
        }
        if isPublic || isProbe || authorize(exchange) { return true }
        exchange.respond(
            status: .unauthorized, headers: ["content-type": "text/plain; charset=utf-8"],
            body: ByteBuffer(string: "invalid api token"))
        return false
    }

    /// Compares the whole token whatever its content, so that time tells nothing of it.
    private func authorize(_ exchange: ServerExchange) -> Bool {
        guard let token = app.options.apiToken else { return true }
        let given = exchange.head.headers.first(name: "dapr-api-token") ?? ""
        exchange.head.headers.remove(name: "dapr-api-token")
        return constantTimeEqual(given, token)
    }

    private func answer(_ error: any Error, to exchange: ServerExchange) {
        DaprHTTPService.answer(error, to: exchange, app: app)
    }

    /// The one way in which a failure becomes an HTTP answer.
    static func answer(_ error: any Error, to exchange: ServerExchange, app: AppRuntime) {
        let failure = DaprError(error, appID: app.options.appID)
        app.telemetry.metrics.errorCode(failure.code, category: "http")
        exchange.respond(
            status: failure.status, headers: ["content-type": "application/json"], body: failure.json.buffer)
    }
}

extension String {
    /// The path and the query of a request target, without the `?`.
    func splitAtQuery() -> (path: Substring, query: Substring) {
        guard let mark = utf8.firstIndex(of: UInt8(ascii: "?")) else { return (self[...], "") }
        return (self[..<mark], self[utf8.index(after: mark)...])
    }
}

/// Equality that takes the same time wherever the texts differ.
func constantTimeEqual(_ a: String, _ b: String) -> Bool {
    let (left, right) = (Array(a.utf8), Array(b.utf8))
    var difference = left.count ^ right.count
    for index in 0..<right.count {
        difference |= Int((index < left.count ? left[index] : 0) ^ right[index])
    }
    return difference == 0
}
