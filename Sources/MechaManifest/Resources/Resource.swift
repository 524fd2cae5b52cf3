/// What the resources of one kind hold under `spec`.
public protocol ResourceSpec: Sendable, Equatable {
    /// The `kind` in files.
    static var kind: String { get }
}

/// A resource as it was declared: its envelope and its `spec` (section 4 of the Dapr surface).
public struct Resource<Spec: ResourceSpec>: Sendable, Equatable {
    /// `metadata.name`.
    public var name: String
    /// `metadata.namespace`; empty when not given.
    public var namespace: String
    /// Ids of the only apps that may see it; empty for all apps.
    public var scopes: [String]
    /// `auth.secretStore`: where `secretKeyRef`s are looked up; nil for the runtime's default store.
    public var secretStore: String?
    public var spec: Spec
    public var source: SourceLocation
    /// Where fields stand that can only be checked beside other resources, by their paths.
    package var places: [String: SourceLocation]

    public init(
        name: String, namespace: String = "", scopes: [String] = [], secretStore: String? = nil, spec: Spec,
        source: SourceLocation
    ) {
        self.init(
            name: name, namespace: namespace, scopes: scopes, secretStore: secretStore, spec: spec, source: source, places: [:])
    }

    package init(
        name: String, namespace: String, scopes: [String], secretStore: String?, spec: Spec, source: SourceLocation,
        places: [String: SourceLocation]
    ) {
        self.places = places
        self.name = name
        self.namespace = namespace
        self.scopes = scopes
        self.secretStore = secretStore
        self.spec = spec
        self.source = source
    }

    /// `Component/statestore`, as messages name it.
    public var label: String { "\(Spec.kind)/\(name)" }

    /// Whether the app may see the resource (`scopes`).
    public func isInScope(appID: String) -> Bool { scopes.isEmpty || scopes.contains(appID) }

    /// Whether an app of that namespace may see the resource. A resource without namespace belongs to
    /// all; an app without namespace sees all.
    public func isInNamespace(_ namespace: String) -> Bool {
        self.namespace.isEmpty || namespace.isEmpty || self.namespace == namespace
    }

    /// Equal in everything but the place where it stands.
    public func hasSameContent(as other: Resource) -> Bool {
        var moved = other
        moved.source = source
        moved.places = places
        return self == moved
    }
}

public typealias ComponentResource = Resource<ComponentSpec>
public typealias ConfigurationResource = Resource<ConfigurationSpec>
public typealias SubscriptionResource = Resource<SubscriptionSpec>
public typealias ResiliencyResource = Resource<ResiliencySpec>
public typealias HTTPEndpointResource = Resource<HTTPEndpointSpec>
