import MechaCore
import MechaManifest
import MechaResiliency
import Synchronization

/// What applies to one app or actor type, whose endpoints have circuit breakers of their own.
package final class TargetPolicies: Sendable {
    private let common: Policy?
    private let make: (@Sendable () -> Policy?)?
    private let endpoints: Mutex<LRUCache<String, Policy?>>
    /// What the target's policies were made of; a reload takes them over when it is the same.
    let origin: Origin

    struct Origin: Equatable, Sendable {
        var timeout: Duration?
        var retry: RetryPolicy?
        var breaker: ResiliencySpec.CircuitBreaker?
        var cacheSize: Int
    }

    /// - Parameter make: the policy of one more endpoint; nil when all endpoints share `common`.
    init(common: Policy?, origin: Origin, make: (@Sendable () -> Policy?)?) {
        self.common = common
        self.origin = origin
        self.make = make
        endpoints = Mutex(LRUCache(capacity: origin.cacheSize))
    }

    /// What applies to calls of an endpoint: a method's path, an actor's id.
    package func policy(endpoint: some StringProtocol) -> Policy? {
        guard let make else { return common }
        let endpoint = String(endpoint)
        return endpoints.withLock { $0.value(for: endpoint, make) }
    }
}
