/// Finds the runtimes that host an app, and makes the own apps findable.
public protocol NameResolver: Component {
    /// Addresses of runtimes that serve the app, in no order; empty when none is known.
    func resolve(_ target: AppAddress) async throws -> [PeerEndpoint]

    /// Announces an own app until ``withdraw(_:)`` or ``Component/close()``.
    func announce(_ registration: AppRegistration) async throws

    func withdraw(_ registration: AppRegistration) async
}

/// An app's id with its namespace (empty for the default one).
public struct AppAddress: Sendable, Hashable {
    public var appID: String
    public var namespace: String

    public init(appID: String, namespace: String = "") {
        self.appID = appID
        self.namespace = namespace
    }
}

/// Where a runtime listens for its peers.
public struct PeerEndpoint: Sendable, Hashable {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// An app as a runtime announces it.
public struct AppRegistration: Sendable, Hashable {
    public var address: AppAddress
    public var endpoint: PeerEndpoint
    /// The app's public API ports, published for tools.
    public var httpPort: Int?
    public var grpcPort: Int?

    public init(address: AppAddress, endpoint: PeerEndpoint, httpPort: Int? = nil, grpcPort: Int? = nil) {
        self.address = address
        self.endpoint = endpoint
        self.httpPort = httpPort
        self.grpcPort = grpcPort
    }
}
