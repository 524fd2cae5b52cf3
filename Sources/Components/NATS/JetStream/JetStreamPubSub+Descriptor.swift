import MechaCore

extension JetStreamPubSub {
    /// `pubsub.jetstream`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "pubsub.jetstream",
        summary: "Publish and subscribe over NATS JetStream",
        fields: JetStreamMetadata.fields,
        capabilities: PubSubFeatures([.subscribeWildcards, .bulk]).names
    ) { metadata, environment in
        let configuration = try JetStreamMetadata.configuration(metadata)
        let settings = try JetStreamSettings(metadata)
        let client = NATSClient(configuration: configuration, group: environment.eventLoopGroup)
        return JetStreamPubSub(client: client, settings: settings, logger: environment.logger)
    }
}
