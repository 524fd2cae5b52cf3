import MechaTelemetry
import MechaWire

/// Counts what a listener or client goes through in the metrics of its owner. Every counter is looked up once,
/// so that an event costs one addition.
final class WireMetricsObserver: WireObserver {
    private let limits: [Counter]
    private let listener: WireMetrics.Listener?

    /// - Parameter name: what listens (`http`, `grpc`, `internal`, `public`, `metrics`); nil for a client, of
    ///   which limits are counted only.
    init(_ metrics: WireMetrics, listener name: String?) {
        limits = WireLimits.Name.allCases.map { metrics.limitExceeded($0.metricName) }
        listener = name.map(metrics.listener)
    }

    func limitExceeded(_ limit: WireLimits.Name) { limits[limit.index].increment() }

    func connectionOpened(isInbound: Bool) {
        guard isInbound, let listener else { return }
        listener.openConnections.increment()
        listener.acceptedConnections.increment()
    }

    func connectionClosed(isInbound: Bool) {
        guard isInbound, let listener else { return }
        listener.openConnections.decrement()
    }
}

extension WireLimits.Name {
    /// Where the limit stands among all.
    fileprivate var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// `header_bytes` for `headerBytes`.
    var metricName: String {
        var name = ""
        for character in rawValue {
            if character.isUppercase { name += "_" }
            name += character.lowercased()
        }
        return name
    }
}
