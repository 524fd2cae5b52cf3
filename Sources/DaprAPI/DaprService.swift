import MechaHost
import MechaWire

/// Both of Dapr's APIs of one app on one listener: what comes as gRPC goes to the one, all else to the other.
public final class DaprService: HTTPService {
    private let http: DaprHTTPService
    private let grpc: DaprGRPCService

    public init(app: AppRuntime) {
        http = DaprHTTPService(app: app)
        grpc = DaprGRPCService(app: app, proxy: GRPCProxyService(app: app))
    }

    public func handle(_ exchange: ServerExchange) {
        if exchange.http2Headers?.first(name: "content-type")?.hasPrefix("application/grpc") == true {
            grpc.handle(exchange)
        } else {
            http.handle(exchange)
        }
    }
}
