import MechaCore

extension RedisPubSub {
    /// `pubsub.redis`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "pubsub.redis",
        summary: "Publish and subscribe over streams of Redis: single server, Sentinel or Cluster",
        fields: RedisMetadata.fields(leavingOut: ["redeliverInterval", "processingTimeout"]) + RedisPubSubSettings.fields,
        capabilities: PubSubFeatures.bulk.names
    ) { metadata, environment in
        let configuration = try RedisMetadata.configuration(metadata, name: environment.name)
        let settings = try RedisPubSubSettings(metadata)
        let client = RedisClient(configuration: configuration, group: environment.eventLoopGroup)
        return RedisPubSub(client: client, clock: environment.clock, settings: settings)
    }
}
