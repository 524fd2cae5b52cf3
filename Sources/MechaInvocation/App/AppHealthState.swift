/// What the runtime believes of its app (section 1.13 of the Dapr surface).
struct AppHealthState {
    enum Status: Equatable {
        /// Nothing was heard of the app yet.
        case starting
        case healthy
        case unhealthy
    }

    enum Change: Equatable { case none, becameHealthy, becameUnhealthy }

    /// Consecutive failures after which the app counts as unhealthy; nil when the app is not probed and
    /// only its port is waited for.
    let threshold: Int?
    private(set) var status = Status.starting
    private var failures = 0

    init(threshold: Int?) { self.threshold = threshold.map { max(1, $0) } }

    var isHealthy: Bool { status == .healthy }

    /// Calls to an app that is only starting are let through as long as no probe is to vouch for it: the
    /// attempt itself tells whether it listens.
    var acceptsCalls: Bool { status == .healthy || status == .starting && threshold == nil }

    /// Whether there is anything left to find out.
    var needsProbe: Bool { threshold != nil || status != .healthy }

    mutating func probed(isHealthy: Bool) -> Change {
        if isHealthy {
            failures = 0
            guard status != .healthy else { return .none }
            status = .healthy
            return .becameHealthy
        }
        guard let threshold, status != .unhealthy else { return .none }
        failures += 1
        // An app that never was well has nothing to lose; it stays what it is, which accepts no calls.
        guard failures >= threshold, status == .healthy else { return .none }
        status = .unhealthy
        return .becameUnhealthy
    }
}
