import MechaCore

extension ManifestReport {
    /// What can only be seen when all resources are read.
    mutating func checkAcrossResources() {
        // Configurations are left out: several are united, whatever their names.
        removeDuplicates(\.components)
        removeDuplicates(\.subscriptions)
        removeDuplicates(\.resiliencies)
        removeDuplicates(\.httpEndpoints)
        removeDuplicates(\.functions)
        checkPolicyNames()
    }

    /// The first of one kind, namespace and name stays; each further one is an error.
    private mutating func removeDuplicates<Spec>(_ kind: WritableKeyPath<ResourceSet, [Resource<Spec>]>) {
        var first: [ResourceKey: SourceLocation] = [:]
        var unique: [Resource<Spec>] = []
        for resource in resources[keyPath: kind] {
            if let other = first[resource.key] {
                errors.append(
                    ManifestProblem(
                        "is declared twice; it stands in \(other) already", at: resource.source, resource: resource.label,
                        field: "metadata.name"))
            } else {
                first[resource.key] = resource.source
                unique.append(resource)
            }
        }
        resources[keyPath: kind] = unique
    }

    /// A target may name policies of any Resiliency resource, so this waits for all of them.
    private mutating func checkPolicyNames() {
        let specs = resources.resiliencies.map(\.spec)
        let timeouts = specs.flatMap(\.timeouts.keys)
        let retries = specs.flatMap(\.retries.keys) + ResiliencySpec.builtInRetries
        let circuitBreakers = specs.flatMap(\.circuitBreakers.keys)
        for resource in resources.resiliencies {
            for (path, policies) in resource.spec.namedTargets {
                let named = [
                    ("timeout", policies.timeout, timeouts), ("retry", policies.retry, retries),
                    ("circuitBreaker", policies.circuitBreaker, circuitBreakers),
                ]
                for case (let field, let name?, let known) in named where !known.contains(name) {
                    let hint = nearestName(to: name.clipped, among: known).map { " (did you mean \"\($0)\"?)" } ?? ""
                    let field = "spec.targets.\(path).\(field)"
                    warnings.append(
                        ManifestProblem(
                            "names no policy: \"\(name.clipped)\" is not defined\(hint)", at: resource.places[field] ?? resource.source,
                            resource: resource.label, field: field))
                }
            }
        }
    }
}

extension ResiliencySpec {
    /// Retry policies that exist without being declared.
    static let builtInRetries = [
        "DaprBuiltInServiceRetries", "DaprBuiltInActorRetries", "DaprBuiltInActorReminderRetries",
        "DaprBuiltInInitializationRetries", "DaprBuiltInActorNotFoundRetries",
    ]

    /// Every place where policies are named, by its path below `targets`, in a fixed order.
    fileprivate var namedTargets: [(path: String, policies: PolicyNames)] {
        let targets =
            apps.map { ("apps.\($0.key.clipped)", $0.value.policies) }
            + actors.map { ("actors.\($0.key.clipped)", $0.value.policies) }
            + components.compactMap { name, target in target.inbound.map { ("components.\(name.clipped).inbound", $0) } }
            + components.compactMap { name, target in target.outbound.map { ("components.\(name.clipped).outbound", $0) } }
        return targets.sorted { $0.0 < $1.0 }
    }
}
