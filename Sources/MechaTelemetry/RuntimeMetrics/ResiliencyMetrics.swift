import Synchronization

/// `dapr_resiliency_*`: what the resiliency policies did.
public final class ResiliencyMetrics: Sendable {
    public enum Policy: String, Sendable {
        case timeout, retry
        case circuitBreaker = "circuitbreaker"
    }

    public enum FlowDirection: String, Sendable {
        case inbound, outbound
    }

    public enum BreakerState: String, Sendable, CaseIterable {
        case closed, unknown
        case halfOpen = "half-open"
        case open

        fileprivate var index: Int {
            switch self {
            case .closed: 0
            case .unknown: 1
            case .halfOpen: 2
            case .open: 3
            }
        }
    }

    /// The series of one policy on one target; resolve it when the policy is compiled and keep it.
    public final class Target: Sendable {
        private let labels: [String]
        private let metrics: ResiliencyMetrics
        private let plainExecutions: Counter
        private let plainActivations: Counter
        /// Which state the gauges say, as its index; taken while they change.
        private let gauged = Mutex<BreakerState?>(nil)
        /// The same, to be read by every call.
        private let shown = Atomic(-1)
        /// Made when a state is met, so that others have no series.
        private let closedExecutions = AtomicLazyReference<Counter>()
        private let otherExecutions = Mutex<[BreakerState: Counter]>([:])

        fileprivate init(_ labels: [String], _ metrics: ResiliencyMetrics) {
            self.labels = labels
            self.metrics = metrics
            plainExecutions = metrics.executions.with(labels + [""])
            plainActivations = metrics.activations.with(labels + [""])
        }

        /// The policy was applied to a call.
        public func executed() { plainExecutions.increment() }

        /// The policy acted: a timeout passed, a call was repeated.
        public func activated() { plainActivations.increment() }

        /// A circuit breaker was asked and is in `state`.
        public func executed(_ state: BreakerState) {
            if shown.load(ordering: .relaxed) != state.index { show(state) }
            executions(in: state).increment()
        }

        private func show(_ state: BreakerState) {
            gauged.withLock { gauged in
                guard gauged != state else { return }
                gauged = state
                for other in BreakerState.allCases {
                    metrics.breakerState.with(labels + [other.rawValue]).set(other == state ? 1 : 0)
                }
                shown.store(state.index, ordering: .relaxed)
            }
        }

        /// Nearly every call finds its breaker closed.
        private func executions(in state: BreakerState) -> Counter {
            guard state == .closed else {
                return otherExecutions.withLock { counters in
                    if let counter = counters[state] { return counter }
                    let counter = metrics.executions.with(labels + [state.rawValue])
                    counters[state] = counter
                    return counter
                }
            }
            return closedExecutions.load() ?? closedExecutions.storeIfNil(metrics.executions.with(labels + [state.rawValue]))
        }

        /// A circuit breaker changed into `state`.
        public func activated(_ state: BreakerState) {
            metrics.activations.with(labels + [state.rawValue]).increment()
        }
    }

    private let loaded: MetricFamily<Counter>
    private let executions: MetricFamily<Counter>
    private let activations: MetricFamily<Counter>
    private let breakerState: MetricFamily<Gauge>

    init(_ registry: MetricRegistry) {
        let labels = ["name", "policy", "namespace", "flow_direction", "target", "status"]
        loaded = registry.counter(
            "dapr_resiliency_loaded", help: "Resiliency resources loaded.", labels: ["name", "namespace"])
        executions = registry.counter(
            "dapr_resiliency_count", help: "Calls to which a policy was applied.", labels: labels)
        activations = registry.counter(
            "dapr_resiliency_activations_total", help: "Times a policy acted on a call.", labels: labels)
        breakerState = registry.gauge(
            "dapr_resiliency_cb_state", help: "1 for the state that a circuit breaker is in, 0 for the others.",
            labels: labels)
    }

    public func policyLoaded(name: String, namespace: String) { loaded.with(name, namespace).increment() }

    /// - Parameters:
    ///   - name: of the Resiliency resource.
    ///   - target: `app_<id>`, `actor_<type>` or `<block>_<component>`.
    public func target(
        name: String, namespace: String, policy: Policy, direction: FlowDirection, target: String
    ) -> Target {
        Target([name, policy.rawValue, namespace, direction.rawValue, target], self)
    }
}
