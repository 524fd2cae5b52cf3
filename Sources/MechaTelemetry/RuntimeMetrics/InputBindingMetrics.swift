/// `dapr_component_input_binding_*`: events of input bindings given to the app.
public final class InputBindingMetrics: Sendable {
    private let namespace: String
    private let count: MetricFamily<Counter>
    private let latency: MetricFamily<Histogram>

    init(_ registry: MetricRegistry, namespace: String, options: MetricsOptions) {
        let labels = ["component", "namespace", "success"]
        self.namespace = namespace
        count = registry.counter("dapr_component_input_binding_count", help: "Events of input bindings.", labels: labels)
        latency = registry.histogram(
            "dapr_component_input_binding_latencies", help: "Time until the app had taken an event in milliseconds.", labels: labels,
            buckets: options.latencyBuckets)
    }

    public func triggered(_ component: String, success: Bool, nanoseconds: UInt64) {
        let labels = [component, namespace, success ? "true" : "false"]
        count.with(labels).increment()
        latency.with(labels).record(nanoseconds)
    }
}

/// `dapr_component_output_binding_*`: operations that apps asked of output bindings.
public final class OutputBindingMetrics: Sendable {
    private let namespace: String
    private let count: MetricFamily<Counter>
    private let latency: MetricFamily<Histogram>

    init(_ registry: MetricRegistry, namespace: String, options: MetricsOptions) {
        let labels = ["component", "namespace", "operation", "success"]
        self.namespace = namespace
        count = registry.counter("dapr_component_output_binding_count", help: "Operations of output bindings.", labels: labels)
        latency = registry.histogram(
            "dapr_component_output_binding_latencies", help: "Latency of operations of output bindings in milliseconds.", labels: labels,
            buckets: options.latencyBuckets)
    }

    /// - Parameter operation: one that the binding has, so that a client cannot make series.
    public func invoked(_ component: String, operation: String, success: Bool, nanoseconds: UInt64) {
        let labels = [component, namespace, operation, success ? "true" : "false"]
        count.with(labels).increment()
        latency.with(labels).record(nanoseconds)
    }
}
