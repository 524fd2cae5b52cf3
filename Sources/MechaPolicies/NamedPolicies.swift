import MechaCore
import MechaExpressions
import MechaManifest
import MechaResiliency

/// The policies of all Resiliency resources by name, with the built-in ones; of two with one name the
/// later resource wins.
struct NamedPolicies: Sendable {
    struct Breaker: Sendable {
        var declared: ResiliencySpec.CircuitBreaker
        var settings: CircuitBreaker.Settings
    }

    private(set) var timeouts: [String: Duration] = [:]
    private(set) var retries: [String: RetryPolicy] = Self.builtIn
    private(set) var breakers: [String: Breaker] = [:]
    /// Which resource a policy came from, for metrics.
    private(set) var warnings: [String] = []

    /// Retry policies that exist without being declared (section 4 of the Dapr surface).
    static let builtIn: [String: RetryPolicy] = [
        "DaprBuiltInServiceRetries": .builtInServiceRetries,
        "DaprBuiltInActorRetries": RetryPolicy(backoff: .constant(.seconds(1)), maximumRetries: 3),
        "DaprBuiltInActorReminderRetries": RetryPolicy(
            backoff: .exponential(maximum: .seconds(60)), maximumRetries: nil, maximumElapsed: .seconds(15 * 60)),
        "DaprBuiltInInitializationRetries": RetryPolicy(
            backoff: .exponential(maximum: .seconds(10)), maximumRetries: 3, maximumElapsed: .seconds(10)),
        protected: RetryPolicy(backoff: .constant(.seconds(1)), maximumRetries: 5),
    ]

    /// Never replaced.
    static let protected = "DaprBuiltInActorNotFoundRetries"
    /// Built-in policies keep the runtime going; what replaces them must not retry less.
    static let minimumBuiltInRetries = 3

    init(_ resources: [ResiliencyResource]) {
        for resource in resources {
            timeouts.merge(resource.spec.timeouts.filter { $0.value > .zero }) { $1 }
            for (name, retry) in resource.spec.retries.sorted(by: { $0.key < $1.key }) { add(retry, name, resource) }
            for (name, breaker) in resource.spec.circuitBreakers {
                // The manifest has tried out the expression already.
                let condition = breaker.trip.flatMap { try? TripCondition($0) }
                breakers[name] = Breaker(declared: breaker, settings: CircuitBreaker.Settings(breaker, condition))
            }
        }
    }

    private mutating func add(_ retry: ResiliencySpec.Retry, _ name: String, _ resource: ResiliencyResource) {
        let place = "\(resource.source): \(resource.label) spec.policies.retries.\(name)"
        if name == Self.protected {
            warnings.append("\(place): this built-in policy cannot be replaced")
            return
        }
        var policy = RetryPolicy(retry)
        if Self.builtIn[name] != nil, let retries = policy.maximumRetries, retries < Self.minimumBuiltInRetries {
            warnings.append(
                "\(place): a built-in policy makes at least \(Self.minimumBuiltInRetries) retries; \(retries) is raised to that")
            policy.maximumRetries = Self.minimumBuiltInRetries
        }
        retries[name] = policy
    }
}

extension RetryPolicy {
    init(_ retry: ResiliencySpec.Retry) {
        let isExponential = retry.kind == .exponential
        self.init(
            backoff: isExponential ? .exponential(maximum: retry.maximumInterval) : .constant(retry.duration),
            maximumRetries: retry.maximumRetries, maximumElapsed: isExponential ? Self.exponentialMaximumElapsed : nil,
            httpStatusCodes: retry.httpStatusCodes, grpcStatusCodes: retry.grpcStatusCodes)
    }
}

extension CircuitBreaker.Settings {
    init(_ breaker: ResiliencySpec.CircuitBreaker, _ condition: TripCondition?) {
        self.init(maximumTrialRequests: breaker.maximumRequests, interval: breaker.interval, timeout: breaker.timeout)
        guard let condition else { return }
        trips = {
            condition.holds($0.requests, $0.totalSuccesses, $0.totalFailures, $0.consecutiveSuccesses, $0.consecutiveFailures)
        }
    }
}
