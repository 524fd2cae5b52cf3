/// `dapr_component_<block>_count` and `_latencies`: calls of components of one building block.
public final class ComponentCallMetrics<Operation: ComponentCall>: Sendable {
    /// The series of one component; resolve it when the component is made and keep it.
    public final class Component: Sendable {
        private final class Outcome: Sendable {
            let count: Counter
            let latency: Histogram

            init(count: Counter, latency: Histogram) {
                self.count = count
                self.latency = latency
            }
        }

        private let name: String
        private let metrics: ComponentCallMetrics<Operation>
        private let outcomes = LazySlots<Outcome>(count: Operation.allCases.count * 2)

        fileprivate init(_ name: String, _ metrics: ComponentCallMetrics<Operation>) {
            self.name = name
            self.metrics = metrics
        }

        /// Records one call that took `nanoseconds`.
        public func record(_ operation: Operation, success: Bool, nanoseconds: UInt64) {
            let outcome = outcomes.value(at: operation.rawValue * 2 + (success ? 1 : 0)) {
                let labels = [name, metrics.namespace, operation.label, success ? "true" : "false"]
                return Outcome(count: metrics.count.with(labels), latency: metrics.latency.with(labels))
            }
            outcome.count.increment()
            outcome.latency.record(nanoseconds)
        }
    }

    private let namespace: String
    private let count: MetricFamily<Counter>
    private let latency: MetricFamily<Histogram>

    init(_ registry: MetricRegistry, block: String, namespace: String, options: MetricsOptions) {
        let labels = ["component", "namespace", "operation", "success"]
        self.namespace = namespace
        count = registry.counter(
            "dapr_component_\(block)_count", help: "Operations on \(block) components.", labels: labels)
        latency = registry.histogram(
            "dapr_component_\(block)_latencies", help: "Latency of operations on \(block) components in milliseconds.",
            labels: labels, buckets: options.latencyBuckets)
    }

    public func component(_ name: String) -> Component { Component(name, self) }
}
