import MechaCore

/// A revision as the store keeps it.
public struct StoredRevision: Sendable, Equatable {
    public var revision: FunctionRevision
    public var created: Timestamp
    /// Of the module.
    public var moduleBytes: Int
    /// Where the module came from, for people.
    public var source: String

    public init(_ revision: FunctionRevision, created: Timestamp, moduleBytes: Int, source: String) {
        self.revision = revision
        self.created = created
        self.moduleBytes = moduleBytes
        self.source = source
    }

    public var json: JSON {
        .object([
            .init("revision", .integer(revision.number)), .init("created", .string(created.rfc3339)),
            .init("source", .string(source)), .init("moduleBytes", .integer(moduleBytes)), .init("digest", .string(revision.digest)),
            .init("abi", .string(revision.abi.rawValue)), .init("configuration", .string(revision.configuration)),
            .init("env", .strings(revision.environment)), .init("grants", revision.grants.json), .init("limits", revision.limits.json),
            .init("scaling", revision.scaling.json),
        ])
    }

    /// Nil when something is missing or of another kind.
    public init?(_ json: JSON, function: String) {
        guard let number = json["revision"]?.intValue, let digest = json["digest"]?.stringValue,
            let abi = json["abi"]?.stringValue.flatMap(FunctionABI.init(rawValue:)),
            let created = json["created"]?.stringValue.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        var revision = FunctionRevision(function: function, number: number, digest: digest, abi: abi)
        revision.configuration = json["configuration"]?.stringValue ?? ""
        revision.environment = json["env"]?.stringMap ?? [:]
        revision.grants = FunctionGrants(json["grants"] ?? .null)
        revision.limits = FunctionLimits(json["limits"] ?? .null)
        revision.scaling = FunctionScaling(json["scaling"] ?? .null)
        self.init(
            revision, created: created, moduleBytes: json["moduleBytes"]?.intValue ?? 0, source: json["source"]?.stringValue ?? "")
    }
}
