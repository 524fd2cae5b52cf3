import MechaCore
import MechaManifest
import MechaResiliency
import MechaTelemetry
import Synchronization

/// What the Resiliency resources of an app amount to: for each target the policy that applies, or nil.
/// Immutable but for the circuit breakers in it; a reload makes a new one, which takes over the breakers of
/// targets whose policies did not change.
package final class PolicyTable: Sendable {
    /// Targets that are named nowhere share few policies, but each has a circuit breaker of its own, so
    /// they are kept; beyond this number the ones used longest ago begin anew.
    package static let maximumUnnamedTargets = 1_000

    package static let empty = PolicyTable([], metrics: nil, clock: SystemClock())

    private struct ComponentKey: Hashable {
        var name: String
        var direction: ResiliencyMetrics.FlowDirection
    }

    private let named: NamedPolicies
    private let apps: [String: TargetPolicies]
    private let actors: [String: TargetPolicies]
    private let components: [ComponentKey: TargetPolicies]
    private let componentTargets: Set<String>
    private let unnamedApps = Mutex(LRUCache<String, TargetPolicies?>(capacity: maximumUnnamedTargets))
    private let unnamedActors = Mutex(LRUCache<String, TargetPolicies?>(capacity: maximumUnnamedTargets))
    private let unnamedComponents = Mutex(LRUCache<ComponentKey, TargetPolicies?>(capacity: maximumUnnamedTargets))
    private let maker: Maker
    /// There are no resources, so that nothing applies to anything.
    private let isEmpty: Bool
    private let hasAppDefaults: Bool
    private let hasActorDefaults: Bool
    /// What was declared and is not done as it says.
    package var warnings: [String] { named.warnings }

    /// - Parameters:
    ///   - resources: those that the app may see.
    ///   - blocks: of the components, for the targets' names in metrics.
    ///   - previous: the table before a reload, whose breakers go on.
    package init(
        _ resources: [ResiliencyResource], metrics: ResiliencyMetrics?, clock: any MechaClock, blocks: [String: ComponentBlock] = [:],
        previous: PolicyTable? = nil
    ) {
        let named = NamedPolicies(resources)
        let maker = Maker(named: named, resource: resources.last, metrics: metrics, clock: clock)
        self.named = named
        self.maker = maker
        var apps: [String: TargetPolicies] = [:]
        var actors: [String: TargetPolicies] = [:]
        var components: [ComponentKey: TargetPolicies] = [:]
        var componentTargets: Set<String> = []
        for resource in resources {
            for (id, target) in resource.spec.apps {
                apps[id] = maker.target(
                    target.policies, "app_\(id)", .outbound, cacheSize: target.circuitBreakerCacheSize, from: resource,
                    previous: previous?.apps[id])
            }
            for (type, target) in resource.spec.actors {
                actors[type] = maker.target(
                    target.policies, "actor_\(type)", .outbound,
                    cacheSize: target.circuitBreakerScope == .type ? nil : target.circuitBreakerCacheSize, from: resource,
                    previous: previous?.actors[type])
            }
            for (name, target) in resource.spec.components {
                componentTargets.insert(name)
                let label = blocks[name].map { "\($0.metricName)_\(name)" } ?? name
                for (direction, names) in [(ResiliencyMetrics.FlowDirection.inbound, target.inbound), (.outbound, target.outbound)] {
                    let key = ComponentKey(name: name, direction: direction)
                    components[key] = names.map {
                        maker.target($0, label, direction, cacheSize: nil, from: resource, previous: previous?.components[key])
                    }
                }
            }
        }
        self.apps = apps
        self.actors = actors
        self.components = components
        self.componentTargets = componentTargets
        isEmpty = resources.isEmpty
        hasAppDefaults = PolicyTargetKind.app.defaultNames(in: named) != nil
        hasActorDefaults = PolicyTargetKind.actor.defaultNames(in: named) != nil
        for resource in resources { metrics?.policyLoaded(name: resource.name, namespace: resource.namespace) }
    }

    /// What applies to invocations of an app; nil for nothing, in which case the built-in retries do.
    package func app(_ id: String) -> TargetPolicies? {
        if let policies = apps[id] { return policies }
        guard hasAppDefaults else { return nil }
        return unnamedApps.withLock { cache in
            cache.value(for: id) {
                PolicyTargetKind.app.defaultNames(in: named).map {
                    maker.target($0, "app_\(id)", .outbound, cacheSize: 100, from: nil, previous: nil)
                }
            }
        }
    }

    /// What applies to calls of actors of a type.
    package func actor(_ type: String) -> TargetPolicies? {
        if let policies = actors[type] { return policies }
        guard hasActorDefaults else { return nil }
        return unnamedActors.withLock { cache in
            cache.value(for: type) {
                PolicyTargetKind.actor.defaultNames(in: named).map {
                    maker.target($0, "actor_\(type)", .outbound, cacheSize: 5_000, from: nil, previous: nil)
                }
            }
        }
    }

    /// What applies to calls between the app and a component: outbound to the component, inbound to the app; nil for nothing.
    package func component(_ name: String, _ block: ComponentBlock, _ direction: ResiliencyMetrics.FlowDirection) -> Policy? {
        guard !isEmpty else { return nil }
        let key = ComponentKey(name: name, direction: direction)
        if componentTargets.contains(name) { return components[key]?.policy(endpoint: "") }
        let target = unnamedComponents.withLock { cache in
            cache.value(for: key) {
                PolicyTargetKind.component(block, direction).defaultNames(in: named).map {
                    maker.target($0, "\(block.metricName)_\(name)", direction, cacheSize: nil, from: nil, previous: nil)
                }
            }
        }
        return target?.policy(endpoint: "")
    }

    /// A built-in retry policy, or what replaces it.
    package func retryPolicy(named name: String) -> RetryPolicy? { named.retries[name] }
}

extension PolicyTable {
    /// Makes the policies of targets.
    fileprivate struct Maker: Sendable {
        let named: NamedPolicies
        /// To which metrics attribute what no resource targets by name.
        let resource: ResiliencyResource?
        let metrics: ResiliencyMetrics?
        let clock: any MechaClock

        /// - Parameter cacheSize: circuit breakers for so many endpoints; nil for one that all share.
        func target(
            _ names: ResiliencySpec.PolicyNames, _ label: String, _ direction: ResiliencyMetrics.FlowDirection, cacheSize: Int?,
            from resource: ResiliencyResource?, previous: TargetPolicies?
        ) -> TargetPolicies {
            let breaker = names.circuitBreaker.flatMap { named.breakers[$0] }
            let origin = TargetPolicies.Origin(
                timeout: names.timeout.flatMap { named.timeouts[$0] }, retry: names.retry.flatMap { named.retries[$0] },
                breaker: breaker?.declared, cacheSize: cacheSize ?? 1)
            if let previous, previous.origin == origin { return previous }
            func series(_ policy: ResiliencyMetrics.Policy) -> ResiliencyMetrics.Target? {
                guard let resource = resource ?? self.resource else { return nil }
                return metrics?.target(
                    name: resource.name, namespace: resource.namespace, policy: policy, direction: direction, target: label)
            }
            let parts = Policy.Metrics(
                timeout: origin.timeout == nil ? nil : series(.timeout), retry: origin.retry == nil ? nil : series(.retry),
                breaker: breaker == nil ? nil : series(.circuitBreaker))
            let make: @Sendable () -> Policy? = { [clock] in
                Policy(
                    timeout: origin.timeout, retry: origin.retry,
                    breaker: breaker.map { SharedBreaker($0.settings, clock: clock) }, clock: clock, metrics: parts)
            }
            guard cacheSize != nil, breaker != nil else { return TargetPolicies(common: make(), origin: origin, make: nil) }
            return TargetPolicies(common: nil, origin: origin, make: make)
        }
    }
}
