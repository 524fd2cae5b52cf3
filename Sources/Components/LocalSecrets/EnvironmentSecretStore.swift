import MechaCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// `secretstores.local.env`: environment variables of the process as secrets.
///
/// The environment is copied when the store is made, since reading it while another thread changes it is
/// not safe. The runtime's own variables, which hold API tokens, are never given out. A variable that is
/// unset or hidden reads as empty text, as it does in Dapr.
public final class EnvironmentSecretStore: SecretStore {
    private let secrets: [String: String]
    private let isClosed = Atomic(false)

    /// - Parameters:
    ///   - prefix: begins the variables that count; names are given without it.
    ///   - variables: nil for those of the process.
    public init(prefix: String = "", variables: [String: String]? = nil) {
        secrets = (variables ?? Self.ownVariables()).reduce(into: [:]) { secrets, variable in
            guard UTF8Order.hasPrefix(variable.key, prefix), variable.key.utf8.count > prefix.utf8.count, !Self.isHidden(variable.key)
            else { return }
            secrets[String(variable.key.utf8.dropFirst(prefix.utf8.count)) ?? variable.key] = variable.value
        }
    }

    public var features: [String] { [] }

    public var status: ComponentStatus { isClosed.load(ordering: .relaxed) ? ComponentStatus(.closed) : .ready }

    public func start() async throws {}

    public func close() async { isClosed.store(true, ordering: .relaxed) }

    public func secret(_ name: String, metadata: [String: String]) async throws -> [String: String] {
        try checkOpen()
        return [name: secrets[name] ?? ""]
    }

    public func allSecrets(metadata: [String: String]) async throws -> [String: [String: String]] {
        try checkOpen()
        return secrets.reduce(into: [:]) { $0[$1.key] = [$1.key: $1.value] }
    }

    private func checkOpen() throws {
        guard !isClosed.load(ordering: .relaxed) else { throw CapabilityError(.closed, "the secret store is closed") }
    }

    /// Variables that configure the runtime and its peers.
    private static func isHidden(_ name: String) -> Bool {
        let name = name.uppercased()
        return name == "APP_API_TOKEN" || name.hasPrefix("DAPR_") || name.hasPrefix("MECHA_")
    }

    private static func ownVariables() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let separator = text.firstIndex(of: "=") {
                variables[String(text[..<separator])] = String(text[text.index(after: separator)...])
            }
            next += 1
        }
        return variables
    }
}

extension EnvironmentSecretStore {
    /// `secretstores.local.env/v1`.
    public static let descriptor = ComponentDescriptor(
        type: "secretstores.local.env",
        summary: "Gives environment variables of the runtime's process as secrets.",
        fields: [MetadataField("prefix", .string, "Begins the variables that count; secrets are named without it.")],
        make: { metadata, _ in EnvironmentSecretStore(prefix: metadata.string("prefix", default: "")) })
}
