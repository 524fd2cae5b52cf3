import MechaCore
import MechaManifest

/// Who may call which operations of an app (Configuration `spec.accessControl`; section 7 of the Dapr
/// surface). Callers are told apart by app id and namespace as their runtimes state them.
package struct AccessRules: Sendable, Equatable {
    package struct Decision: Sendable, Equatable {
        package var isAllowed: Bool
        /// Whether a policy of the caller's own decided, not the default for all.
        package var isAppPolicy: Bool
        /// Of the policy that decided, for metrics.
        package var trustDomain: String
        package var namespace: String
    }

    private struct Operation: Sendable, Equatable {
        var pattern: OperationPattern
        /// Empty for all.
        var verbs: [String]
        var isAllowed: Bool
    }

    private struct Policy: Sendable, Equatable {
        var appID: String
        var namespace: String
        var trustDomain: String
        var isAllowedByDefault: Bool
        var operations: [Operation]
    }

    private let policies: [Policy]
    private let isAllowedByDefault: Bool
    private let trustDomain: String

    /// Nil when everybody may do everything.
    package init?(_ spec: ConfigurationSpec.AccessControl?) {
        guard let spec else { return nil }
        isAllowedByDefault = spec.defaultAction.map { $0 == .allow } ?? spec.policies.isEmpty
        trustDomain = spec.trustDomain
        policies = spec.policies.map { policy in
            Policy(
                appID: policy.appID, namespace: policy.namespace, trustDomain: policy.trustDomain,
                isAllowedByDefault: policy.defaultAction == .allow,
                operations: policy.operations.map {
                    Operation(pattern: OperationPattern($0.name), verbs: $0.verbs, isAllowed: $0.action == .allow)
                })
        }
        if policies.isEmpty, isAllowedByDefault { return nil }
    }

    /// - Parameters:
    ///   - path: percent-encoded, without a query.
    ///   - verb: in upper case; nil for gRPC, whose operations have none.
    package func decide(caller: AppAddress?, path: some StringProtocol, verb: String?) -> Decision {
        guard let caller, let policy = policies.first(where: { $0.appID == caller.appID && Self.isSame($0.namespace, caller.namespace) })
        else {
            return Decision(
                isAllowed: isAllowedByDefault, isAppPolicy: false, trustDomain: trustDomain, namespace: caller?.namespace ?? "")
        }
        var decision = Decision(
            isAllowed: policy.isAllowedByDefault, isAppPolicy: true, trustDomain: policy.trustDomain, namespace: policy.namespace)
        // A path that cannot be read matches nothing, and what matches nothing gets the default.
        guard let segments = OperationPattern.segments(ofPath: Substring(path)) else {
            decision.isAllowed = false
            return decision
        }
        let matching = policy.operations.filter { $0.pattern.matches(segments, ignoringCase: verb != nil) }
        guard let narrowest = matching.map(\.pattern).max(by: OperationPattern.isWider) else { return decision }
        let candidates = matching.filter { $0.pattern == narrowest }
        let chosen =
            if let verb {
                candidates.first { $0.verbs.contains(verb) } ?? candidates.first { $0.verbs.isEmpty || $0.verbs.contains("*") }
            } else {
                candidates.first
            }
        if let chosen { decision.isAllowed = chosen.isAllowed }
        return decision
    }

    /// A machine without namespaces is the namespace `default`.
    private static func isSame(_ a: String, _ b: String) -> Bool { (a.isEmpty ? "default" : a) == (b.isEmpty ? "default" : b) }
}
