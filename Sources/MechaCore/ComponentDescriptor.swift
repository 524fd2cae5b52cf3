/// A component's description of itself: the one source for decoding, validation,
/// `mecha components describe`, and the reference page.
public struct ComponentDescriptor: Sendable {
    /// Dapr's type name: block, dot, name (`state.redis`).
    public let type: String
    /// Accepted `spec.version` values, the preferred one first.
    public let versions: [String]
    /// Other type names under which the same component is known (`state.sqlite3`).
    public let aliases: [String]
    /// One sentence for people who choose a component.
    public let summary: String
    public let fields: [MetadataField]
    /// Capability names as the metadata API reports them (`ETAG`, `TRANSACTIONAL`, ...).
    public let capabilities: [String]
    /// Whether apps of one process with equal configuration may share one instance. False where
    /// sharing would let apps see each other's data.
    public let isShareable: Bool
    /// Builds the component. Decodes and validates `metadata`; does no I/O.
    /// Throws ``MetadataError`` or ``CapabilityError`` (`misconfigured`).
    public let make: @Sendable (ComponentMetadata, ComponentEnvironment) throws -> any Component

    public init(
        type: String, versions: [String] = ["v1"], aliases: [String] = [], summary: String,
        fields: [MetadataField], capabilities: [String] = [], isShareable: Bool = true,
        make: @escaping @Sendable (ComponentMetadata, ComponentEnvironment) throws -> any Component
    ) {
        self.type = type
        self.versions = versions
        self.aliases = aliases
        self.summary = summary
        self.fields = fields
        self.capabilities = capabilities
        self.isShareable = isShareable
        self.make = make
    }

    /// The building block before the first dot: `state`, `secretstores`, `nameresolution`, ...
    public var block: String { String(type.prefix { $0 != "." }) }
}

/// One key of a component's `spec.metadata`.
public struct MetadataField: Sendable {
    public enum Kind: String, Sendable {
        case string, bool, integer, number
        /// A Go duration (`5s`, `1h30m`) or a whole number of seconds.
        case duration
        /// A byte count with optional binary suffix (`4Mi`).
        case bytes
    }

    public let name: String
    public let kind: Kind
    public let isRequired: Bool
    /// Never shown in logs, errors or the metadata API.
    public let isSecret: Bool
    /// As it would be written in YAML; nil if unset means "off" or "decided at run time".
    public let defaultValue: String?
    /// The only values accepted (compared without case), when the field is an enumeration.
    public let choices: [String]
    public let summary: String

    public init(
        _ name: String, _ kind: Kind = .string, required: Bool = false, secret: Bool = false,
        default defaultValue: String? = nil, choices: [String] = [], _ summary: String
    ) {
        self.name = name
        self.kind = kind
        self.isRequired = required
        self.isSecret = secret
        self.defaultValue = defaultValue
        self.choices = choices
        self.summary = summary
    }
}
