import MechaCore
import MechaManifest
import MechaPolicies
import MechaTelemetry

extension AppRuntime {
    /// The key/value pairs of one secret, when the scopes let the app read it.
    public func secret(store name: String, name secret: String, metadata: [String: String]) async throws -> [String: String] {
        let binding = try secretBinding(name)
        guard binding.scope?.allows(secret) ?? true else {
            throw RuntimeError(
                .secretDenied, "access denied by policy to get \"\(secret)\" from \"\(name)\"", resource: name)
        }
        return try await measuring(binding.calls, .get, under: binding.policy) {
            try await binding.store.secret(secret, metadata: metadata)
        } failure: { error in
            RuntimeError(
                .secretGet, "failed getting secret with key \(secret) from secret store \(name): \(describe(error))",
                resource: name, cause: error)
        }
    }

    /// Every secret of a store that the scopes let the app read.
    public func allSecrets(store name: String, metadata: [String: String]) async throws -> [String: [String: String]] {
        let binding = try secretBinding(name)
        return try await measuring(binding.calls, .bulkGet, under: binding.policy) {
            try await binding.store.allSecrets(metadata: metadata).filter { binding.scope?.allows($0.key) ?? true }
        } failure: { error in
            RuntimeError(
                .secretGet, "failed getting secrets from secret store \(name): \(describe(error))", resource: name, cause: error)
        }
    }

    private func secretBinding(_ name: String) throws -> SecretBinding {
        if let binding = inForce({ $0.secretStores[name] }) { return binding }
        let snapshot = snapshot
        guard snapshot.isLoaded else { throw RuntimeError.starting }
        if snapshot.secretStores.isEmpty {
            throw RuntimeError(.secretStoresNotConfigured, "secret store is not configured", resource: name)
        }
        throw RuntimeError(.secretStoreNotFound, "failed finding secret store with key \(name)", resource: name)
    }
}

/// A secret store as one app uses it: the component with the app's scope.
struct SecretBinding: Sendable {
    let store: any SecretStore
    /// Nil lets the app read everything.
    let scope: ConfigurationSpec.SecretScope?
    let calls: ComponentCallMetrics<SecretCall>.Component
    /// What calls are made under; nil for nothing.
    var policy: Policy?
    let lease: ComponentLease
}
