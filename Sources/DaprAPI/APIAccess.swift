import MechaManifest

/// Which parts of the API an app may use (Configuration `spec.api`; sections 1.0 and Appendix B of the
/// Dapr surface): what is allowed, when anything is listed as allowed, less what is denied.
struct APIAccess: Sendable {
    typealias Rule = ConfigurationSpec.APIAccess.Rule
    typealias Transport = ConfigurationSpec.APIAccess.Transport

    private let allowed: [Rule]
    private let denied: [Rule]

    init(_ access: ConfigurationSpec.APIAccess) {
        allowed = access.allowed
        denied = access.denied
    }

    func allows(group: String, version: APIVersion, over transport: Transport) -> Bool {
        func covers(_ rule: Rule) -> Bool {
            // "v1.0" is the older spelling, and its prefix covers the later versions.
            rule.transport == transport && rule.name == group
                && (rule.version == version.listName || version.rawValue.hasPrefix(rule.version))
        }
        if denied.contains(where: covers) { return false }
        let relevant = allowed.filter { $0.transport == transport }
        return relevant.isEmpty || relevant.contains(where: covers)
    }
}
