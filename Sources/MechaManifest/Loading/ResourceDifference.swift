/// What changed from one set of resources to the next. Resources of one kind are matched by namespace
/// and name; one that merely moved within or between files has not changed.
public struct ResourceDifference: Sendable, Equatable {
    public var components: Changes<ComponentSpec>
    public var configurations: Changes<ConfigurationSpec>
    public var subscriptions: Changes<SubscriptionSpec>
    public var resiliencies: Changes<ResiliencySpec>
    public var httpEndpoints: Changes<HTTPEndpointSpec>
    public var functions: Changes<FunctionSpec>

    public var isEmpty: Bool {
        components.isEmpty && configurations.isEmpty && subscriptions.isEmpty && resiliencies.isEmpty && httpEndpoints.isEmpty
            && functions.isEmpty
    }

    /// The changes of one kind, in the order of the new set (`removed`: of the old one).
    public struct Changes<Spec: ResourceSpec>: Sendable, Equatable {
        public var added: [Resource<Spec>] = []
        /// As they are now.
        public var changed: [Resource<Spec>] = []
        /// As they were.
        public var removed: [Resource<Spec>] = []

        public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }

        init(from old: [Resource<Spec>], to new: [Resource<Spec>]) {
            let before = Dictionary(old.map { ($0.key, $0) }) { first, _ in first }
            let after = Set(new.map(\.key))
            for resource in new {
                if let previous = before[resource.key] {
                    if !resource.hasSameContent(as: previous) { changed.append(resource) }
                } else {
                    added.append(resource)
                }
            }
            removed = old.filter { !after.contains($0.key) }
        }
    }
}

extension ResourceSet {
    /// What must be done to get from `old` to this set.
    public func difference(from old: ResourceSet) -> ResourceDifference {
        ResourceDifference(
            components: .init(from: old.components, to: components),
            configurations: .init(from: old.configurations, to: configurations),
            subscriptions: .init(from: old.subscriptions, to: subscriptions),
            resiliencies: .init(from: old.resiliencies, to: resiliencies),
            httpEndpoints: .init(from: old.httpEndpoints, to: httpEndpoints),
            functions: .init(from: old.functions, to: functions))
    }
}

/// What tells resources of one kind apart.
struct ResourceKey: Hashable {
    var namespace: String
    var name: String
}

extension Resource {
    var key: ResourceKey { ResourceKey(namespace: namespace, name: name) }
}
