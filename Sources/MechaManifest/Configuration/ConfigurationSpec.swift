import MechaCore

/// How the runtime behaves for an app: telemetry, access rules, API lists, features.
///
/// Values not written have Dapr's defaults. Several configurations of one app are united by ``merged(_:)``.
public struct ConfigurationSpec: ResourceSpec {
    public static let kind = "Configuration"

    public let tracing: Tracing
    public let metrics: Metrics
    /// Middleware for requests from the app or clients, outermost first.
    public let httpPipeline: [Handler]
    /// Middleware for requests to the app.
    public let appHTTPPipeline: [Handler]
    public let accessControl: AccessControl
    public let secretScopes: [SecretScope]
    public let nameResolution: NameResolution?
    /// Features switched on or off by name.
    public let features: [String: Bool]
    public let api: APIAccess
    /// Component types that may not be used, as `type` or `type/version`.
    public let deniedComponents: [String]
    public let apiLogging: APILogging
    /// Whether every wasm component runs in the strict sandbox.
    public let isWasmSandboxStrict: Bool
    public let mtls: MTLS
    public let workflow: Workflow

    /// What was written, from which ``merged(_:)`` starts.
    private let document: YAMLNode

    /// Defaults throughout.
    public init() {
        let problems = ProblemCollector(file: "", limits: ManifestLimits())
        self.init(FieldReader(.emptyMapping(), problems: problems), apiVersion: Self.apiVersions[0])
    }

    /// Unites configurations: later ones win value by value, lists are replaced whole, as Dapr does with
    /// several `--config`.
    public static func merged(_ specs: [ConfigurationSpec]) -> ConfigurationSpec {
        let united = specs.reduce(YAMLNode.emptyMapping()) { $0.overlaid(with: $1.document) }
        let problems = ProblemCollector(file: "", limits: ManifestLimits())
        return ConfigurationSpec(FieldReader(united, problems: problems), apiVersion: apiVersions[0])
    }

    /// Whether a feature is on: as configured, else Dapr's default.
    public func isEnabled(feature: String) -> Bool {
        features[feature] ?? ["HotReload", "WorkflowsRemoteActivityReminder"].contains(feature)
    }
}

extension ConfigurationSpec: DecodableSpec {
    static let apiVersions = ["dapr.io/v1alpha1"]
    static let envelope: ResourceEnvelope = [.optionalSpec]

    init(_ fields: FieldReader, apiVersion: String) {
        document = fields.node
        tracing = fields.section("tracing") { Tracing($0) }
        // Two spellings of one section; what stands under `metrics` counts more.
        metrics = fields.section("metric", "metrics") { Metrics($0) }
        httpPipeline = fields.section("httpPipeline") { $0.list("handlers") { Handler($0) } }
        appHTTPPipeline = fields.section("appHttpPipeline") { $0.list("handlers") { Handler($0) } }
        accessControl = fields.section("accessControl") { AccessControl($0) }
        var stores: Set<String> = []
        secretScopes = fields.section("secrets") { secrets in
            secrets.list("scopes") { fields in
                let scope = SecretScope(fields)
                if !scope.storeName.isEmpty, !stores.insert(scope.storeName).inserted {
                    fields.error("storeName", "is \"\(scope.storeName.clipped)\" again", expected: "each store once")
                }
                return scope
            }
        }
        nameResolution = fields.object("nameResolution") { NameResolution($0) }
        let features = fields.list("features") { feature in
            (feature.required("name", expected: "a feature's name"), feature.bool("enabled", default: false))
        }
        self.features = Dictionary(features) { _, last in last }
        api = fields.section("api") { APIAccess($0) }
        deniedComponents = fields.section("components") { $0.strings("deny") }
        apiLogging = fields.section("logging") { $0.section("apiLogging") { APILogging($0) } }
        isWasmSandboxStrict = fields.section("wasm") { $0.bool("strictSandbox", default: false) }
        mtls = fields.section("mtls") { MTLS($0) }
        workflow = fields.section("workflow") { Workflow($0) }
    }
}

extension FieldReader {
    /// Decodes a mapping that may be missing: then from nothing, which gives defaults. Of two names the
    /// second is laid over the first.
    func section<Value>(_ name: String, _ override: String? = nil, _ decode: (FieldReader) -> Value) -> Value {
        let written = [name, override].compactMap { $0 }.filter { value($0) != nil }
        if written.count <= 1, let name = written.first, let section = object(name, decode) { return section }
        var united = YAMLNode.emptyMapping()
        for name in written {
            guard let value = value(name), value.isMapping else { continue }
            united = united.overlaid(with: value)
        }
        let reader = FieldReader(united, path: path(to: written.last ?? name), problems: problems)
        defer { reader.finish() }
        return decode(reader)
    }
}
