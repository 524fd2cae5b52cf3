/// `dapr_runtime_acl_*`: decisions of the access control list.
public final class AccessControlMetrics: Sendable {
    private let appAllowed: MetricFamily<Counter>
    private let appBlocked: MetricFamily<Counter>
    private let globalAllowed: MetricFamily<Counter>
    private let globalBlocked: MetricFamily<Counter>

    init(_ registry: MetricRegistry) {
        let labels = ["trustDomain", "namespace"]
        func family(_ scope: String, _ decision: String) -> MetricFamily<Counter> {
            registry.counter(
                "dapr_runtime_acl_\(scope)_policy_action_\(decision)_total",
                help: "Requests \(decision) by the \(scope == "app" ? "caller's own" : "default") access policy.",
                labels: labels)
        }
        appAllowed = family("app", "allowed")
        appBlocked = family("app", "blocked")
        globalAllowed = family("global", "allowed")
        globalBlocked = family("global", "blocked")
    }

    /// - Parameter isAppPolicy: whether the caller's own policy decided, not the default action.
    public func decided(allowed: Bool, isAppPolicy: Bool, trustDomain: String, namespace: String) {
        let family = isAppPolicy ? (allowed ? appAllowed : appBlocked) : (allowed ? globalAllowed : globalBlocked)
        family.with(trustDomain, namespace).increment()
    }
}
