import MechaCore

/// A message in the queue of one group.
struct InMemoryMessage: Sendable {
    let message: OutgoingMessage
    let expiresAt: Timestamp?
    var attempts = 0
    var firstDelivered: Timestamp?

    /// What it counts for against the limit of its group.
    var bytes: Int { Self.bytes(message) }

    static func bytes(_ message: OutgoingMessage) -> Int { message.data.readableBytes + message.topic.utf8.count }

    func isExpired(at now: Timestamp) -> Bool { expiresAt.map { $0 <= now } ?? false }

    var incoming: IncomingMessage {
        IncomingMessage(
            topic: message.topic, data: message.data, contentType: message.contentType, metadata: message.metadata,
            attempt: attempts,
            firstDelivered: firstDelivered)
    }
}
