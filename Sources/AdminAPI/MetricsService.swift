import MechaTelemetry
import MechaWire
import NIOCore
import NIOHTTP1

/// `GET /metrics`: every app's metrics in Prometheus text, or OpenMetrics when the client asks for it.
public final class MetricsService: HTTPService {
    private let registries: @Sendable () -> [MetricRegistry]

    public init(registries: @escaping @Sendable () -> [MetricRegistry]) { self.registries = registries }

    public func handle(_ exchange: ServerExchange) {
        let path = exchange.head.uri.prefix { $0 != "?" }
        guard path == "/metrics" || path == "/" else { return exchange.respond(status: .notFound) }
        guard exchange.head.method == .GET || exchange.head.method == .HEAD else {
            return exchange.respond(status: .methodNotAllowed, headers: ["allow": "GET, HEAD"])
        }
        let format = MetricsTextFormat(accept: exchange.head.headers[canonicalForm: "accept"].joined(separator: ","))
        exchange.respond(
            status: .ok, headers: ["content-type": format.contentType], body: MetricsText.render(registries(), format: format))
    }
}
