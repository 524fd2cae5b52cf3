import NIOCore

/// A message from a broker.
public struct IncomingMessage: Sendable {
    /// The topic that it was published to, which for a wildcard subscription is not the subscribed one.
    public var topic: String
    public var data: ByteBuffer
    /// Media type of `data` where the broker carries it; nil for unknown.
    public var contentType: String?
    /// Headers and properties of the broker; given to the app with the message.
    public var metadata: [String: String]
    /// How often it was handed over before, this time included, where the broker counts; else nil.
    public var attempt: Int?
    /// When it was first handed over, where the broker knows; else nil.
    public var firstDelivered: Timestamp?

    public init(
        topic: String, data: ByteBuffer, contentType: String? = nil, metadata: [String: String] = [:], attempt: Int? = nil,
        firstDelivered: Timestamp? = nil
    ) {
        self.topic = topic
        self.data = data
        self.contentType = contentType
        self.metadata = metadata
        self.attempt = attempt
        self.firstDelivered = firstDelivered
    }
}
