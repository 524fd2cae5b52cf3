/// `dapr_runtime_component_*`: what became of the configured components.
public final class ComponentLifecycleMetrics: Sendable {
    private let loaded: Counter
    private let initialized: MetricFamily<Counter>
    private let failed: MetricFamily<Counter>

    init(_ registry: MetricRegistry) {
        loaded = registry.counter("dapr_runtime_component_loaded", help: "Components loaded.").with()
        initialized = registry.counter(
            "dapr_runtime_component_init_total", help: "Components initialized.", labels: ["component"])
        failed = registry.counter(
            "dapr_runtime_component_init_fail_total", help: "Component initializations that failed.",
            labels: ["component", "reason", "componentName"])
    }

    public func componentLoaded() { loaded.increment() }

    /// - Parameter type: the component's type, for example `state.redis`.
    public func componentInitialized(type: String) { initialized.with(type).increment() }

    /// - Parameter reason: one word such as `init` or `creation`, never an error's text.
    public func componentFailed(type: String, reason: String, name: String) {
        failed.with(type, reason, name).increment()
    }
}
