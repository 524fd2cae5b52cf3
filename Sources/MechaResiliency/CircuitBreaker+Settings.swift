import MechaCore

extension CircuitBreaker {
    public struct Settings: Sendable {
        /// Calls let through while half open, and successes that close it.
        public var maximumTrialRequests: Int
        /// After which the counts of the closed state start anew; nil for never.
        public var interval: Duration?
        /// From open to half open.
        public var timeout: Duration
        /// Whether the counts open a closed breaker; asked after each failure.
        public var trips: @Sendable (Counts) -> Bool

        /// Dapr's defaults: one trial call, 60 s open, more than five failures in a row.
        public init(
            maximumTrialRequests: Int = 1, interval: Duration? = nil, timeout: Duration = .seconds(60),
            trips: @escaping @Sendable (Counts) -> Bool = { $0.consecutiveFailures > 5 }
        ) {
            self.maximumTrialRequests = max(1, maximumTrialRequests)
            self.interval = interval
            self.timeout = timeout
            self.trips = trips
        }
    }

    /// What happened in one generation; the names that trip expressions use.
    public struct Counts: Sendable, Hashable {
        /// Calls admitted, those under way included.
        public var requests = 0
        public var totalSuccesses = 0
        public var totalFailures = 0
        public var consecutiveSuccesses = 0
        public var consecutiveFailures = 0

        public init() {}

        mutating func record(_ outcome: Outcome) {
            switch outcome {
            case .success:
                totalSuccesses += 1
                consecutiveSuccesses += 1
                consecutiveFailures = 0
            case .failure:
                totalFailures += 1
                consecutiveFailures += 1
                consecutiveSuccesses = 0
            case .cancelled:
                // Gives its place back, or trial calls that never end would keep the breaker half open.
                requests -= 1
            }
        }
    }
}
