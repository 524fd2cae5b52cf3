/// A read-only source of secrets.
public protocol SecretStore: Component {
    /// Capability names that the metadata API reports (`MULTIPLE_KEY_VALUES_PER_SECRET`).
    var features: [String] { get }

    /// The secret's key/value pairs. Throws ``CapabilityError/Code/notFound`` when there is none of that name.
    func secret(_ name: String, metadata: [String: String]) async throws -> [String: String]

    /// Every secret that the store can see.
    func allSecrets(metadata: [String: String]) async throws -> [String: [String: String]]
}
