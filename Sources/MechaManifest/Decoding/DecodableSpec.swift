/// A spec that can be read from a file. Reading never fails; problems go to the reader's collector, and a
/// resource with errors is not used.
protocol DecodableSpec: ResourceSpec {
    /// Every accepted `apiVersion`.
    static var apiVersions: [String] { get }
    /// What may stand beside `metadata` and `spec`.
    static var envelope: ResourceEnvelope { get }
    init(_ fields: FieldReader, apiVersion: String)
}

/// Parts of a resource outside of its spec.
struct ResourceEnvelope: OptionSet {
    let rawValue: Int
    static let scopes = ResourceEnvelope(rawValue: 1)
    static let auth = ResourceEnvelope(rawValue: 2)
    /// Whether a resource may do without `spec`.
    static let optionalSpec = ResourceEnvelope(rawValue: 4)
}

extension Resource where Spec: DecodableSpec {
    /// Reads the document whose `kind` is this spec's; nil when it has errors.
    init?(_ fields: FieldReader, apiVersion: String) {
        let problems = fields.problems
        let errorsBefore = problems.errorCount
        problems.places = [:]
        var name = ""
        var namespace = ""
        if !Spec.apiVersions.contains(apiVersion) {
            fields.error(
                "apiVersion", apiVersion.isEmpty ? "is missing" : "is \"\(apiVersion.clipped)\"",
                expected: Spec.apiVersions.joined(separator: " or "))
        }
        let metadata: Void? = fields.object("metadata") { metadata in
            name = metadata.required("name", expected: "the resource's name")
            namespace = metadata.string("namespace") ?? ""
            if !name.isEmpty, !Self.isUsableName(name) {
                metadata.error("name", "is \"\(name.clipped)\"", expected: "a name without /, %, || and white space")
            }
            metadata.ignore(["labels", "annotations", "generateName", "uid", "resourceVersion", "generation", "creationTimestamp"])
        }
        if metadata == nil, fields.value("metadata") == nil {
            fields.error("metadata", "is missing", expected: "a mapping with the resource's name")
        }
        let scopes = Spec.envelope.contains(.scopes) ? fields.strings("scopes") : []
        let secretStore = Spec.envelope.contains(.auth) ? fields.object("auth") { $0.string("secretStore") } ?? nil : nil
        var spec = fields.object("spec") { Spec($0, apiVersion: apiVersion) }
        if spec == nil, fields.value("spec") == nil {
            if Spec.envelope.contains(.optionalSpec) {
                spec = Spec(FieldReader(.emptyMapping(), path: "spec", problems: problems), apiVersion: apiVersion)
            } else {
                fields.error("spec", "is missing", expected: "a mapping")
            }
        }
        fields.ignore(["status"])
        fields.finish()
        guard let spec, problems.errorCount == errorsBefore else { return nil }
        self.init(
            name: name, namespace: namespace, scopes: scopes, secretStore: secretStore == "" ? nil : secretStore, spec: spec,
            source: SourceLocation(file: problems.file, line: fields.node.mark.line), places: problems.places)
    }

    /// Names become path segments of the API and parts of stored keys.
    private static func isUsableName(_ name: String) -> Bool {
        name != "." && name != ".." && !name.contains("||")
            && !name.contains { $0 == "/" || $0 == "%" || $0.isWhitespace }
    }
}
