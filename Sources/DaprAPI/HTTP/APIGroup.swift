/// The groups that Configuration `spec.api` allows and denies (section 1.0 of the Dapr surface).
public enum APIGroup: String, Sendable, CaseIterable {
    case invoke, state, publish, bindings, secrets, actors, metadata, configuration, lock, unlock, crypto, subtlecrypto
    case workflows, healthz, jobs, shutdown, conversation, subscribe
}

/// Path versions; the raw value is the path segment.
public enum APIVersion: String, Sendable, CaseIterable {
    case v1 = "v1.0"
    case v1alpha1 = "v1.0-alpha1"
    case v1alpha2 = "v1.0-alpha2"
    case v1beta1 = "v1.0-beta1"

    /// How the allow and deny lists call it.
    var listName: String {
        switch self {
        case .v1: "v1"
        case .v1alpha1: "v1alpha1"
        case .v1alpha2: "v1alpha2"
        case .v1beta1: "v1beta1"
        }
    }
}

/// How far a part of the reference is built; the source of docs/compatibility.md.
public enum Support: String, Sendable {
    case works, partly
    case notYet = "not yet"
}
