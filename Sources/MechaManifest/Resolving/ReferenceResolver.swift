import MechaCore

/// Replaces references by what they stand for: secrets, environment variables, placeholders.
public struct ReferenceResolver: Sendable {
    /// Answers one key of one secret of a store. Its error is the cause in the resolver's error, so its
    /// text must not hold the secret.
    public typealias SecretLookup = (_ store: String, _ name: String, _ key: String) async throws -> String

    public var template: MetadataTemplate
    public var environment: [String: String]
    /// Where secrets are looked up that name no store.
    public var defaultSecretStore: String?

    public init(template: MetadataTemplate, environment: [String: String], defaultSecretStore: String? = nil) {
        self.template = template
        self.environment = environment
        self.defaultSecretStore = defaultSecretStore
    }

    /// A component's metadata as the component gets it. Throws ``ManifestProblem``.
    public func metadata(of component: ComponentResource, secret: SecretLookup) async throws -> ComponentMetadata {
        ComponentMetadata(try await pairs(component.spec.metadata, "spec.metadata", of: component, secret))
    }

    /// An endpoint's header fields in their order. Throws ``ManifestProblem``.
    public func headers(of endpoint: HTTPEndpointResource, secret: SecretLookup) async throws -> [(String, String)] {
        try await pairs(endpoint.spec.headers, "spec.headers", of: endpoint, secret)
    }

    /// The text that one reference of a resource stands for; `field` is its path, for errors, and `source`
    /// where it stands, if that is known better than where the resource does. Throws ``ManifestProblem``.
    public func text<Spec>(
        of reference: ValueReference, field: String, source: SourceLocation? = nil, in resource: Resource<Spec>,
        secret lookup: SecretLookup
    ) async throws -> String {
        func problem(_ message: String) -> ManifestProblem {
            ManifestProblem(message, at: source ?? resource.source, resource: resource.label, field: field)
        }
        switch reference {
        case .text(let text):
            guard let expanded = template.expand(text) else {
                throw problem("uses {podName}; expected the environment variable POD_NAME to be set")
            }
            return expanded
        case .environment(let name):
            guard isReadable(name) else {
                throw problem("names the environment variable \(name.clipped), which resources may not read")
            }
            guard let value = environment[name] else {
                throw problem("names the environment variable \(name.clipped), which is not set")
            }
            return value
        case .secret(let secret):
            guard let store = resource.secretStore ?? defaultSecretStore else {
                throw problem("refers to a secret, but there is no secret store; expected auth.secretStore to name one")
            }
            do {
                return try await lookup(store, secret.name, secret.key)
            } catch {
                let what = "the secret \"\(secret.name.clipped)\" (key \"\(secret.key.clipped)\") of the store \"\(store.clipped)\""
                throw problem("refers to \(what), which cannot be read: \(error)")
            }
        }
    }

    private func pairs<Spec>(
        _ values: [NamedValue], _ path: String, of resource: Resource<Spec>, _ secret: SecretLookup
    ) async throws -> [(String, String)] {
        var pairs: [(String, String)] = []
        for (index, entry) in values.enumerated() {
            let text = try await text(
                of: entry.value, field: "\(path)[\(index)] (\(entry.name.clipped))", source: resource.source.of(entry), in: resource,
                secret: secret)
            pairs.append((entry.name, text))
        }
        return pairs
    }

    /// The runtime's own variables, its tokens among them, are not for resources; `DAPR_ENV_KEYS`, when
    /// set, lists the only others that are (section 3.2 of the Dapr surface).
    private func isReadable(_ name: String) -> Bool {
        let upper = name.uppercased()
        guard upper != "APP_API_TOKEN", !upper.hasPrefix("DAPR_"), !name.isEmpty, !name.contains(" ") else { return false }
        guard let allowed = environment["DAPR_ENV_KEYS"], !allowed.isEmpty else { return true }
        return allowed.split(separator: " ").contains { $0.uppercased() == upper }
    }
}
