import MechaCore

/// Named policies, and what they are applied to.
public struct ResiliencySpec: ResourceSpec {
    public static let kind = "Resiliency"

    public let timeouts: [String: Duration]
    public let retries: [String: Retry]
    public let circuitBreakers: [String: CircuitBreaker]
    /// By app id.
    public let apps: [String: AppTarget]
    /// By actor type.
    public let actors: [String: ActorTarget]
    /// By component name.
    public let components: [String: ComponentTarget]

    public enum RetryKind: String, Sendable, CaseIterable {
        case constant, exponential
    }

    /// When and how often a failed call is repeated.
    public struct Retry: Sendable, Equatable {
        public let kind: RetryKind
        /// Between attempts of a constant policy.
        public let duration: Duration
        /// Upper bound of the growing pause of an exponential policy.
        public let maximumInterval: Duration
        /// Attempts after the first; nil for no limit.
        public let maximumRetries: Int?
        /// The only HTTP status codes that are retried; nil for every failure.
        public let httpStatusCodes: NumberRanges?
        /// The only gRPC status codes that are retried; nil for every failure.
        public let grpcStatusCodes: NumberRanges?
    }

    public struct CircuitBreaker: Sendable, Equatable {
        /// Trial calls let through while half open.
        public let maximumRequests: Int
        /// After which the counts of the closed state start anew; nil for never.
        public let interval: Duration?
        /// From open to half open.
        public let timeout: Duration
        /// A CEL expression over the counts; nil for `consecutiveFailures > 5`.
        public let trip: String?
    }

    /// Names of policies; nil where none is applied.
    public struct PolicyNames: Sendable, Equatable {
        public let timeout: String?
        public let retry: String?
        public let circuitBreaker: String?

        package init(timeout: String?, retry: String?, circuitBreaker: String?) {
            self.timeout = timeout
            self.retry = retry
            self.circuitBreaker = circuitBreaker
        }
    }

    public struct AppTarget: Sendable, Equatable {
        public let policies: PolicyNames
        /// Circuit breakers kept, one per endpoint of the app.
        public let circuitBreakerCacheSize: Int
    }

    public struct ActorTarget: Sendable, Equatable {
        public let policies: PolicyNames
        public let circuitBreakerScope: CircuitBreakerScope
        /// Circuit breakers kept, one per actor id.
        public let circuitBreakerCacheSize: Int
    }

    /// What shares one circuit breaker.
    public enum CircuitBreakerScope: String, Sendable, CaseIterable {
        case type, id, both
    }

    public struct ComponentTarget: Sendable, Equatable {
        /// From the component to the app.
        public let inbound: PolicyNames?
        /// From the app to the component.
        public let outbound: PolicyNames?
    }
}
