/// What a subscriber wants of a broker.
public struct SubscriptionRequest: Sendable {
    /// Topic, or pattern where the broker has ``PubSubFeatures/subscribeWildcards``.
    public var topic: String
    /// Subscribers of one group share a topic's messages, and each group gets all of them: the component's
    /// `consumerID`, or the app id.
    public var consumerGroup: String
    /// The subscription's own metadata.
    public var metadata: [String: String]
    /// Messages handed over and not answered yet, at most. One means strict order.
    public var maximumInFlight: Int
    /// Messages of one ``OutgoingMessage/partitionKey`` are handed over one after the other, in the order in which
    /// they were published, also when one of them has to be handed over again; other keys go on meanwhile. Only for
    /// brokers with ``PubSubFeatures/keyOrder``.
    public var ordersByKey: Bool

    public static let defaultMaximumInFlight = 100

    public init(
        topic: String, consumerGroup: String, metadata: [String: String] = [:],
        maximumInFlight: Int = SubscriptionRequest.defaultMaximumInFlight, ordersByKey: Bool = false
    ) {
        self.topic = topic
        self.consumerGroup = consumerGroup
        self.metadata = metadata
        self.maximumInFlight = max(1, maximumInFlight)
        self.ordersByKey = ordersByKey
    }
}
