/// `mecha_wire_*`: connections and limits of the wire layer. One per listener owner (an app or the process).
public final class WireMetrics: Sendable {
    /// The series of one listener, to be kept by it.
    public final class Listener: Sendable {
        /// Connections open now.
        public let openConnections: Gauge
        /// Connections accepted so far.
        public let acceptedConnections: Counter
        /// HTTP/2 streams and HTTP/1 requests under way now.
        public let activeRequests: Gauge

        fileprivate init(openConnections: Gauge, acceptedConnections: Counter, activeRequests: Gauge) {
            self.openConnections = openConnections
            self.acceptedConnections = acceptedConnections
            self.activeRequests = activeRequests
        }
    }

    private let limits: MetricFamily<Counter>
    private let openConnections: MetricFamily<Gauge>
    private let acceptedConnections: MetricFamily<Counter>
    private let activeRequests: MetricFamily<Gauge>

    public init(_ registry: MetricRegistry) {
        limits = registry.counter(
            "mecha_wire_limit_exceeded_total", help: "Messages or connections refused because a limit was reached.",
            labels: ["limit"])
        openConnections = registry.gauge(
            "mecha_wire_connections", help: "Connections open now.", labels: ["listener"])
        acceptedConnections = registry.counter(
            "mecha_wire_connections_accepted_total", help: "Connections accepted.", labels: ["listener"])
        activeRequests = registry.gauge(
            "mecha_wire_active_requests", help: "Requests under way now.", labels: ["listener"])
    }

    /// The counter of one limit, named like the limit (`header_bytes`, `body_bytes`, `connections`, ...).
    public func limitExceeded(_ limit: String) -> Counter { limits.with(limit) }

    /// - Parameter name: what listens: `http`, `grpc`, `internal`, `public`, `metrics`.
    public func listener(_ name: String) -> Listener {
        Listener(
            openConnections: openConnections.with(name), acceptedConnections: acceptedConnections.with(name),
            activeRequests: activeRequests.with(name))
    }
}
