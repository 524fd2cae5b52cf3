/// `mecha_wire_*`: connections and limits of the wire layer. One per listener owner (an app or the process).
public final class WireMetrics: Sendable {
    /// The series of one listener, to be kept by it.
    public final class Listener: Sendable {
        /// Connections open now.
        public let openConnections: Gauge
        /// Connections accepted so far.
        public let acceptedConnections: Counter

        fileprivate init(openConnections: Gauge, acceptedConnections: Counter) {
            self.openConnections = openConnections
            self.acceptedConnections = acceptedConnections
        }
    }

    private let limits: MetricFamily<Counter>
    private let openConnections: MetricFamily<Gauge>
    private let acceptedConnections: MetricFamily<Counter>

    public init(_ registry: MetricRegistry) {
        limits = registry.counter(
            "mecha_wire_limit_exceeded_total", help: "Messages or connections refused because a limit was reached.",
            labels: ["limit"])
        openConnections = registry.gauge(
            "mecha_wire_connections", help: "Connections open now.", labels: ["listener"])
        acceptedConnections = registry.counter(
            "mecha_wire_connections_accepted_total", help: "Connections accepted.", labels: ["listener"])
    }

    /// The counter of one limit, named like the limit (`header_bytes`, `body_bytes`, `connections`, ...).
    public func limitExceeded(_ limit: String) -> Counter { limits.with(limit) }

    /// - Parameter name: what listens: `http`, `grpc`, `internal`, `public`, `metrics`.
    public func listener(_ name: String) -> Listener {
        Listener(
            openConnections: openConnections.with(name), acceptedConnections: acceptedConnections.with(name))
    }
}
