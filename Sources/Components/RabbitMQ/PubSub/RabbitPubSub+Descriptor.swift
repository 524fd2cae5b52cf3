import MechaCore

extension RabbitPubSub {
    /// `pubsub.rabbitmq`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "pubsub.rabbitmq", summary: "Topics as exchanges of RabbitMQ, consumer groups as queues",
        fields: RabbitPubSubSettings.fields + RabbitMetadata.commonFields, capabilities: PubSubFeatures.messageTTL.names
    ) { metadata, environment in
        RabbitPubSub(
            configuration: try RabbitPubSubSettings.connection(metadata, name: environment.name),
            settings: try RabbitPubSubSettings(metadata),
            environment: environment)
    }
}
