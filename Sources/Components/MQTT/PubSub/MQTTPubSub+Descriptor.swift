import MechaCore

extension MQTTPubSub {
    /// `pubsub.mqtt3`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "pubsub.mqtt3", aliases: ["pubsub.mqtt"],
        summary: "Topics of an MQTT broker, version 3.1.1 or 5",
        fields: MQTTMetadata.fields + [
            MetadataField("qos", .integer, default: "1", "Quality of service of messages and subscriptions: 0, 1 or 2")
        ],
        capabilities: PubSubFeatures.subscribeWildcards.names,
        // A client id, and with it a session at the broker, is one app's.
        isShareable: false
    ) { metadata, environment in
        var configuration = try MQTTMetadata.configuration(metadata, appID: environment.appID)
        configuration.qos = try MQTTMetadata.qos(metadata)
        return MQTTPubSub(configuration: configuration, environment: environment)
    }
}
