import MechaInvocation

/// What the metadata API tells (section 1.13 of the Dapr surface).
public struct RuntimeMetadata: Sendable {
    public struct ComponentInfo: Sendable {
        public var name: String
        public var type: String
        public var version: String
        public var capabilities: [String]
    }

    public struct AppConnection: Sendable {
        public var port: Int?
        public var protocolName: String
        public var channelAddress: String
        public var maxConcurrency: Int?
        public var health: AppProbeOptions?
    }

    public var appID: String
    public var runtimeVersion: String
    public var enabledFeatures: [String]
    public var components: [ComponentInfo]
    /// Labels set through the API, and `daprRuntimeVersion`.
    public var extended: [String: String]
    public var httpEndpoints: [String]
    public var subscriptions: [TopicSubscription]
    public var resiliencies: [String]
    public var appConnection: AppConnection
}
