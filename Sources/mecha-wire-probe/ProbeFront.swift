import MechaWire

/// gRPC requests go to the router, all others to the HTTP routes.
struct ProbeFront: HTTPService {
    let http: ProbeService
    let grpc: GRPCRouter

    func handle(_ exchange: ServerExchange) {
        let contentType = exchange.http2Headers?.first(name: "content-type") ?? ""
        if contentType.hasPrefix("application/grpc") { grpc.handle(exchange) } else { http.handle(exchange) }
    }
}
