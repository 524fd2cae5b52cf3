import MechaCore

/// A state store's outbox: what its transactions write is published, and only if they commit
/// (section 1.1 of the Dapr surface).
public struct OutboxSettings: Sendable, Equatable {
    public let store: String
    /// Where events go.
    public let publishPubsub: String
    public let publishTopic: String
    /// The component of the internal topic.
    public let internalPubsub: String
    /// Whether a message without a transaction behind it is dropped rather than looked at again.
    public let discardsWhenStateIsMissing: Bool

    /// Nil when the store has no outbox. Throws ``MetadataError`` when only half of it is set up.
    public init?(store: String, metadata: ComponentMetadata) throws {
        let pubsub = metadata.string("outboxPublishPubsub")
        let topic = metadata.string("outboxPublishTopic")
        guard let pubsub, let topic else {
            if pubsub == nil, topic == nil { return nil }
            throw MetadataError(
                field: pubsub == nil ? "outboxPublishPubsub" : "outboxPublishTopic", problem: "is missing",
                expected: "both outboxPublishPubsub and outboxPublishTopic")
        }
        self.store = store
        publishPubsub = pubsub
        publishTopic = topic
        internalPubsub = metadata.string("outboxPubsub") ?? pubsub
        discardsWhenStateIsMissing = try metadata.bool("outboxDiscardWhenMissingState")
    }

    /// The internal topic, as Dapr names it.
    public func internalTopic(appID: String, namespace: String) -> String { "\(namespace)\(appID)\(publishTopic)outbox" }
}
