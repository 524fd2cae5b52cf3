extension ConfigurationSpec {
    public enum Access: String, Sendable, CaseIterable {
        case allow, deny
    }

    /// Which apps may invoke this one (section 7 of the Dapr surface).
    public struct AccessControl: Sendable, Equatable {
        /// For callers that no policy names. Nil means deny if there are policies, else allow.
        public let defaultAction: Access?
        public let trustDomain: String
        public let policies: [Policy]

        /// What one calling app may do.
        public struct Policy: Sendable, Equatable {
            public let appID: String
            public let namespace: String
            public let trustDomain: String
            /// For operations that are not listed.
            public let defaultAction: Access?
            public let operations: [Operation]
        }

        public struct Operation: Sendable, Equatable {
            /// A path, in which `*` stands for one segment and `**` for the rest.
            public let name: String
            /// HTTP methods in upper case, or `*`; empty for all.
            public let verbs: [String]
            public let action: Access
        }
    }

    /// Which secrets of a store the app may read.
    public struct SecretScope: Sendable, Equatable {
        public let storeName: String
        public let defaultAccess: Access
        public let allowedSecrets: [String]
        public let deniedSecrets: [String]

        /// A list of allowed secrets excludes all others; else the denied ones; else the default.
        public func allows(_ secret: String) -> Bool {
            if !allowedSecrets.isEmpty { return allowedSecrets.contains(secret) }
            return !deniedSecrets.contains(secret) && defaultAccess == .allow
        }
    }
}

extension ConfigurationSpec.AccessControl {
    init(_ fields: FieldReader) {
        defaultAction = fields.access("defaultAction")
        trustDomain = fields.string("trustDomain") ?? "public"
        policies = fields.list("policies") { policy in
            Policy(
                appID: policy.required("appId", expected: "the calling app's id"),
                namespace: policy.string("namespace") ?? "default",
                trustDomain: policy.string("trustDomain") ?? "public",
                defaultAction: policy.access("defaultAction"),
                operations: policy.list("operations") { operation in
                    Operation(
                        name: operation.required("name", expected: "a path such as /orders/*"),
                        verbs: operation.strings("httpVerb").map { $0.uppercased() },
                        action: operation.requiredAccess("action"))
                })
        }
    }
}

extension ConfigurationSpec.SecretScope {
    init(_ fields: FieldReader) {
        storeName = fields.required("storeName", expected: "the name of a secret store")
        defaultAccess = fields.access("defaultAccess") ?? .allow
        allowedSecrets = fields.strings("allowedSecrets")
        deniedSecrets = fields.strings("deniedSecrets")
    }
}

extension FieldReader {
    fileprivate func access(_ name: String) -> ConfigurationSpec.Access? {
        guard let text = string(name), !text.isEmpty else { return nil }
        return choice(name, of: ConfigurationSpec.Access.self)
    }

    fileprivate func requiredAccess(_ name: String) -> ConfigurationSpec.Access {
        if value(name) == nil { error(name, "is missing", expected: "allow or deny") }
        return choice(name, of: ConfigurationSpec.Access.self) ?? .deny
    }
}
