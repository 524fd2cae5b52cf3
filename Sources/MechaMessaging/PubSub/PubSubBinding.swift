import MechaCore
import MechaPolicies
import MechaTelemetry

/// A broker as one app may use it.
public struct PubSubBinding: Sendable {
    /// The component's name.
    public let name: String
    public let broker: any PubSub
    public let scopes: TopicScopes
    /// Put before topics and groups of a component whose metadata speak of `{namespace}`; else empty.
    public let topicPrefix: String
    /// Whose members share messages: the field `consumerID`, or the app id.
    public let consumerGroup: String
    /// Whether messages are handed over one by one (`concurrencyMode: single`).
    public let isSingle: Bool
    /// What publishing is done under; nil for nothing.
    package var policy: Policy?

    public init(
        name: String, broker: any PubSub, metadata: ComponentMetadata, appID: String, namespace: String = "", isNamespaced: Bool = false
    ) {
        self.name = name
        self.broker = broker
        scopes = TopicScopes(metadata, appID: appID)
        topicPrefix = isNamespaced ? namespace : ""
        let group = metadata.string("consumerID") ?? metadata.string("consumerGroup") ?? appID
        consumerGroup = topicPrefix + group
        isSingle = metadata.string("concurrencyMode")?.lowercased() == "single" || metadata.string("concurrency")?.lowercased() == "single"
    }

    /// The broker's name of a topic.
    func brokerTopic(_ topic: String) -> String { topicPrefix.isEmpty ? topic : topicPrefix + topic }

    /// The app's name of a broker's topic.
    func appTopic(_ topic: String) -> String {
        !topicPrefix.isEmpty && topic.hasPrefix(topicPrefix) ? String(topic.dropFirst(topicPrefix.count)) : topic
    }
}

/// A flag of metadata: `true` in any letter case.
func isSet(_ metadata: [String: String], _ key: String) -> Bool {
    if metadata.isEmpty { return false }
    let key = key.lowercased()
    return metadata.contains { $0.key.lowercased() == key && $0.value.lowercased() == "true" }
}

/// The value of a metadata key in any letter case.
func value(_ metadata: [String: String], _ key: String) -> String? {
    let key = key.lowercased()
    return metadata.first { $0.key.lowercased() == key }?.value
}
