import MechaCore

/// The declaration of a component: what it is and how it is set up.
public struct ComponentSpec: ResourceSpec {
    public static let kind = "Component"

    /// Block and name: `state.redis`.
    public var type: String
    public var version: String
    /// In the order of the file.
    public var metadata: [NamedValue]
    /// How long its start may take.
    public var initTimeout: Duration
    /// Whether an app is started although the component cannot be.
    public var ignoresErrors: Bool

    public init(
        type: String, version: String = "v1", metadata: [NamedValue] = [], initTimeout: Duration = .seconds(5),
        ignoresErrors: Bool = false
    ) {
        self.type = type
        self.version = version
        self.metadata = metadata
        self.initTimeout = initTimeout
        self.ignoresErrors = ignoresErrors
    }

    /// The building block before the first dot: `state`, `pubsub`, ...
    public var block: String { String(type.prefix { $0 != "." }) }
}

extension ComponentResource {
    /// Where a metadata value stands; the resource's own place when it is not written.
    public func source(ofMetadata name: String) -> SourceLocation {
        guard let entry = spec.metadata.last(where: { $0.name.lowercased() == name.lowercased() }) else { return source }
        return source.of(entry)
    }
}

extension ComponentSpec: DecodableSpec {
    static let apiVersions = ["dapr.io/v1alpha1"]
    static let envelope: ResourceEnvelope = [.scopes, .auth]

    init(_ fields: FieldReader, apiVersion: String) {
        type = fields.required("type", expected: "a component type such as state.redis")
        let parts = type.split(separator: ".", omittingEmptySubsequences: false)
        if !type.isEmpty, parts.count < 2 || parts.contains("") || type.contains(where: \.isWhitespace) {
            fields.error("type", "is \"\(type.clipped)\"", expected: "a component type such as state.redis")
        }
        version = fields.string("version").flatMap { $0.isEmpty ? nil : $0 } ?? "v1"
        initTimeout = fields.duration("initTimeout") ?? .seconds(5)
        ignoresErrors = fields.bool("ignoreErrors", default: false)
        var seen: Set<String> = []
        metadata = fields.list("metadata") { entry in
            let value = NamedValue(entry)
            if !value.name.isEmpty, !seen.insert(value.name.lowercased()).inserted {
                entry.warn("name", "is \"\(value.name.clipped)\" again; the last value counts")
            }
            // The separator between prefix and key of stored state.
            if value.name.lowercased() == "keyprefix", case .text(let text) = value.value, text.contains("||") {
                entry.error("value", "contains \"||\"", expected: "a key prefix without it")
            }
            return value
        }
    }
}
