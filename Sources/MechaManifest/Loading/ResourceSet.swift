/// Every resource that was read, each kind in the order of files and documents. An immutable snapshot:
/// a reload makes a new one.
public struct ResourceSet: Sendable, Equatable {
    public var components: [ComponentResource] = []
    public var configurations: [ConfigurationResource] = []
    public var subscriptions: [SubscriptionResource] = []
    public var resiliencies: [ResiliencyResource] = []
    public var httpEndpoints: [HTTPEndpointResource] = []
    public var functions: [FunctionResource] = []

    public init() {}

    public var isEmpty: Bool {
        components.isEmpty && configurations.isEmpty && subscriptions.isEmpty && resiliencies.isEmpty && httpEndpoints.isEmpty
            && functions.isEmpty
    }

    /// All configurations united in their order; defaults when there are none.
    public var configuration: ConfigurationSpec { ConfigurationSpec.merged(configurations.map(\.spec)) }

    /// What an app of that id and namespace may see.
    public func visible(toAppID appID: String, inNamespace namespace: String) -> ResourceSet {
        var set = ResourceSet()
        func isVisible<Spec>(_ resource: Resource<Spec>) -> Bool {
            resource.isInScope(appID: appID) && resource.isInNamespace(namespace)
        }
        set.components = components.filter(isVisible)
        set.configurations = configurations.filter(isVisible)
        set.subscriptions = subscriptions.filter(isVisible)
        set.resiliencies = resiliencies.filter(isVisible)
        set.httpEndpoints = httpEndpoints.filter(isVisible)
        set.functions = functions.filter(isVisible)
        return set
    }

    public mutating func append(_ other: ResourceSet) {
        components += other.components
        configurations += other.configurations
        subscriptions += other.subscriptions
        resiliencies += other.resiliencies
        httpEndpoints += other.httpEndpoints
        functions += other.functions
    }
}
