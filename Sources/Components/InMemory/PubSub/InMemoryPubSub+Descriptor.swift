import MechaCore

extension InMemoryPubSub {
    /// `pubsub.in-memory/v1`. Apps of one process that declare it alike share it, and so reach each other.
    public static let descriptor = ComponentDescriptor(
        type: "pubsub.in-memory",
        summary: "Passes messages between the apps of this process; nothing survives a restart.",
        fields: [
            MetadataField(
                "maxQueuedMessages", .integer, default: "10000",
                "Messages of one consumer group that wait at most; a publication beyond it is refused."),
            MetadataField("maxQueuedBytes", .bytes, default: "64Mi", "Bytes of the same."),
            MetadataField(
                "redeliveryPause", .duration, default: "100ms", "Before a message that was not acknowledged is handed over again."),
            MetadataField(
                "groupRetention", .duration, default: "1m", "How long a group that has no consumer left goes on to gather messages."
            ),
        ],
        capabilities: features.names,
        make: { metadata, environment in
            var limits = InMemoryLimits()
            limits.maximumQueuedMessages = try metadata.integer(
                "maxQueuedMessages", default: limits.maximumQueuedMessages, in: 1...10_000_000)
            limits.maximumQueuedBytes = try metadata.byteSize("maxQueuedBytes", default: limits.maximumQueuedBytes)
            limits.redeliveryPause = max(.zero, try metadata.duration("redeliveryPause", default: limits.redeliveryPause))
            limits.groupRetention = max(.zero, try metadata.duration("groupRetention", default: limits.groupRetention))
            return InMemoryPubSub(limits, clock: environment.clock)
        })
}
