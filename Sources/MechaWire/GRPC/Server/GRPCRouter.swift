import MechaProto
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// Answers gRPC requests: finds the handler of the method that the path names.
///
/// What has no handler goes to ``fallback`` untouched, so that a proxy can pass it on; without one it is
/// UNIMPLEMENTED. A request that is no gRPC at all gets an HTTP answer.
public struct GRPCRouter: HTTPService {
    typealias Route = @Sendable (GRPCServerCall) async -> Void

    /// Takes calls of methods that the router does not know.
    public var fallback: (any HTTPService)?

    private var routes: [String: Route] = [:]
    private let limits: GRPCLimits
    private let hooks: any GRPCServerHooks

    public init(limits: GRPCLimits = .init(), hooks: any GRPCServerHooks = NoGRPCServerHooks()) {
        self.limits = limits
        self.hooks = hooks
    }

    /// The paths that are answered here, refused ones included.
    public var paths: some Collection<String> { routes.keys }

    /// The full names of the services with methods that are answered here.
    public var services: Set<String> {
        Set(routes.keys.map { String($0.dropFirst().prefix { $0 != "/" }) })
    }

    // MARK: - Handlers

    /// One request, one response.
    package mutating func unary<Request, Response>(
        _ rpc: RPC<Request, Response>,
        _ handler: @escaping @Sendable (Request, GRPCServerCall) async throws -> Response
    ) {
        routes[rpc.method.path] = { await $0.serveUnary(handler) }
    }

    /// One request, many responses.
    package mutating func serverStreaming<Request, Response>(
        _ rpc: RPC<Request, Response>,
        _ handler: @escaping @Sendable (Request, GRPCResponseStream<Response>, GRPCServerCall) async throws -> Void
    ) {
        routes[rpc.method.path] = { await $0.serveServerStreaming(handler) }
    }

    /// Many requests, one response.
    package mutating func clientStreaming<Request, Response>(
        _ rpc: RPC<Request, Response>,
        _ handler: @escaping @Sendable (GRPCRequestStream<Request>, GRPCServerCall) async throws -> Response
    ) {
        routes[rpc.method.path] = {
            $0.exchange.mayStandStill = true
            await $0.serveClientStreaming(handler)
        }
    }

    /// Many requests and many responses, in any order.
    package mutating func bidirectional<Request, Response>(
        _ rpc: RPC<Request, Response>,
        _ handler:
            @escaping @Sendable (GRPCRequestStream<Request>, GRPCResponseStream<Response>, GRPCServerCall) async throws -> Void
    ) {
        routes[rpc.method.path] = {
            $0.exchange.mayStandStill = true
            await $0.serveBidirectional(handler)
        }
    }

    /// Answers `methods` with `status` where they have no handler, instead of leaving them to the fallback.
    package mutating func refuse(_ methods: [RPCMethod], with status: GRPCStatus) {
        for method in methods where routes[method.path] == nil {
            routes[method.path] = { $0.end(status) }
        }
    }

    // MARK: - Requests

    public func handle(_ exchange: ServerExchange) {
        guard let headers = exchange.http2Headers else {
            return exchange.respond(status: .httpVersionNotSupported, body: ByteBuffer(string: "gRPC needs HTTP/2\n"))
        }
        let head = GRPCRequestHead(headers)
        guard head.isGRPC else {
            return exchange.respond(
                status: .unsupportedMediaType, body: ByteBuffer(string: "expected content-type application/grpc\n"))
        }
        guard head.isPost else {
            return exchange.respond(status: .methodNotAllowed, headers: ["allow": "POST"])
        }
        if let route = routes[head.path] {
            GRPCServerCall(exchange, head, metadata: GRPCMetadata(viewing: headers), limits: limits, hooks: hooks).start(route)
        } else if let fallback {
            // It may be a stream; who proxies it cannot know.
            exchange.mayStandStill = true
            fallback.handle(exchange)
        } else {
            let status = GRPCStatus(.unimplemented, "no service of this server has the method \(head.path)")
            exchange.respondHTTP2(GRPCServerCall.headersOnly(status), body: nil, trailers: nil)
        }
    }
}
