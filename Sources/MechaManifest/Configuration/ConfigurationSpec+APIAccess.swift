extension ConfigurationSpec {
    /// Which APIs the runtime offers. An empty ``allowed`` list allows all.
    public struct APIAccess: Sendable, Equatable {
        public let allowed: [Rule]
        public let denied: [Rule]

        public enum Transport: String, Sendable, CaseIterable {
            case http, grpc
        }

        /// A group of calls (`state`, `invoke`, ...) of one version and transport.
        public struct Rule: Sendable, Hashable {
            public let name: String
            /// `v1`, `v1alpha1`, ... or the older `v1.0-alpha1`.
            public let version: String
            public let transport: Transport
        }

        /// Every group name (appendix B of the Dapr surface).
        public static let groupNames = [
            "actors", "bindings", "configuration", "conversation", "crypto", "healthz", "invoke", "jobs", "lock", "metadata",
            "publish", "secrets", "shutdown", "state", "subscribe", "subtlecrypto", "unlock", "workflows",
        ]
    }

    /// Log lines for API calls.
    public struct APILogging: Sendable, Equatable {
        /// Nil when left to the command line.
        public let isEnabled: Bool?
        /// Whether the route's name is logged in place of the path.
        public let obfuscatesURLs: Bool
        public let omitsHealthChecks: Bool
    }
}

extension ConfigurationSpec.APIAccess {
    init(_ fields: FieldReader) {
        allowed = fields.list("allowed") { Rule($0) }
        denied = fields.list("denied") { Rule($0) }
    }
}

extension ConfigurationSpec.APIAccess.Rule {
    init(_ fields: FieldReader) {
        typealias Access = ConfigurationSpec.APIAccess
        name = fields.required("name", expected: "a group of API calls such as state")
        if !name.isEmpty, !Access.groupNames.contains(name) {
            fields.warn("name", "names no API\(fields.hint(name, among: Access.groupNames))")
        }
        version = fields.required("version", expected: "an API version such as v1")
        if fields.value("protocol") == nil { fields.error("protocol", "is missing", expected: "http or grpc") }
        transport = fields.choice("protocol", of: Access.Transport.self) ?? .http
    }
}

extension ConfigurationSpec.APILogging {
    init(_ fields: FieldReader) {
        isEnabled = fields.bool("enabled")
        obfuscatesURLs = fields.bool("obfuscateURLs", default: false)
        omitsHealthChecks = fields.bool("omitHealthChecks", default: false)
    }
}
