import Logging
import MechaCore
import Synchronization

/// `secretstores.local.file`: secrets in a JSON file, read again when the file changes.
///
/// A file that was good once and is then missing or malformed (an editor is writing it) does not take
/// the secrets away: the last good version goes on serving, and the status tells.
public final class FileSecretStore: SecretStore {
    /// The file is looked at no more often than this.
    static let checkPause: Duration = .milliseconds(500)

    private let file: SecretsFile
    private let separator: String
    private let isMultiValued: Bool
    /// Whether the file must be there; the store that apps get without naming one begins without.
    private let isRequired: Bool
    private let clock: any MechaClock
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var tree: SecretTree?
        /// Nil also stands for a file that is missing and need not be there.
        var version: SecretsFile.Version?
        var checkedAt: UInt64?
        var failure: CapabilityError?
        var isClosed = false
    }

    init(path: String, separator: String, isMultiValued: Bool, isRequired: Bool, clock: any MechaClock, logger: Logger) {
        file = SecretsFile(path: path)
        self.separator = separator
        self.isMultiValued = isMultiValued
        self.isRequired = isRequired
        self.clock = clock
        self.logger = logger
    }

    public var features: [String] { isMultiValued ? ["MULTIPLE_KEY_VALUES_PER_SECRET"] : [] }

    public var status: ComponentStatus {
        state.withLock { state in
            if state.isClosed { return ComponentStatus(.closed) }
            return state.failure.map { ComponentStatus(.connecting, reason: $0.message) } ?? .ready
        }
    }

    public func start() async throws { _ = try? await secrets() }

    public func close() async {
        state.withLock { $0 = State(isClosed: true) }
    }

    public func secret(_ name: String, metadata: [String: String]) async throws -> [String: String] {
        guard let values = try await secrets()[name] else {
            throw CapabilityError(.notFound, "there is no secret of that name in the secrets file")
        }
        return values
    }

    public func allSecrets(metadata: [String: String]) async throws -> [String: [String: String]] {
        try await secrets()
    }

    /// The secrets of the file as it is now. Reading it blocks, so this leaves the caller's event loop.
    @concurrent
    private func secrets() async throws -> [String: [String: String]] {
        let now = clock.monotonicNanoseconds()
        let known = state.withLock { $0 }
        guard !known.isClosed else { throw CapabilityError(.closed, "the secret store is closed") }
        if let checkedAt = known.checkedAt, now < checkedAt + UInt64(Self.checkPause.wholeNanoseconds) {
            return try Self.secrets(of: known)
        }
        var new = known
        new.checkedAt = now
        do throws(CapabilityError) {
            let version = try file.version()
            if known.tree == nil || version != known.version || known.failure != nil {
                (new.tree, new.version) = try load(version)
            }
            if known.failure != nil { logger.notice("secrets file is readable again", metadata: ["file": "\(file.path)"]) }
            new.failure = nil
        } catch {
            if known.failure == nil { logger.error("secrets file cannot be used", metadata: ["error": "\(error)"]) }
            new.failure = error
        }
        state.withLock { state in
            if !state.isClosed { state = new }
        }
        return try Self.secrets(of: new)
    }

    private func load(_ version: SecretsFile.Version?) throws(CapabilityError) -> (SecretTree, SecretsFile.Version?) {
        if version == nil, !isRequired { return (SecretTree(), nil) }
        let (document, version) = try file.read()
        return (try SecretTree(document, separator: separator, isMultiValued: isMultiValued), version)
    }

    private static func secrets(of state: State) throws -> [String: [String: String]] {
        if let tree = state.tree { return tree.secrets }
        throw state.failure ?? CapabilityError(.unavailable, "the secrets file was not read yet")
    }
}

extension FileSecretStore {
    /// `secretstores.local.file/v1`.
    public static let descriptor = ComponentDescriptor(
        type: "secretstores.local.file",
        summary: "Reads secrets from a JSON file, and again whenever the file changes.",
        fields: [
            MetadataField(
                "secretsFile", .string,
                "Path of the file, relative to the working directory. Unset means secrets.json in the data directory, which need not exist."
            ),
            MetadataField("nestedSeparator", .string, default: ":", "Joins the names of nested values."),
            MetadataField(
                "multiValued", .bool, default: "false", "Whether a member of the document is one secret with many values."),
        ],
        make: { metadata, environment in
            let named = metadata.string("secretsFile")
            let path: String
            if let named {
                path = named.hasPrefix("/") || environment.workingDirectory == "." ? named : "\(environment.workingDirectory)/\(named)"
            } else {
                path = "\(environment.dataDirectory)/secrets.json"
            }
            return FileSecretStore(
                path: path, separator: metadata.string("nestedSeparator", default: ":"),
                isMultiValued: try metadata.bool("multiValued"), isRequired: named != nil, clock: environment.clock,
                logger: environment.logger)
        })
}
