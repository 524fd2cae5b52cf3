import MechaCore

/// A message as the file has it, with everything settled that can fail for it alone. One object on its whole way, since
/// many hold it.
final class BusMessage: Sendable {
    let message: OutgoingMessage
    /// Milliseconds since 1970, like the other times.
    let published: Int64
    let expires: Int64?
    let due: Int64?
    let key: String?
    /// JSON; nil for none, and of one that was read.
    let metadata: String?

    /// One to be published.
    init(_ message: OutgoingMessage, at now: Timestamp) throws {
        self.message = message
        published = now.milliseconds
        guard !message.topic.isEmpty else { throw CapabilityError(.invalidArgument, "the topic is empty") }
        if message.metadata.isEmpty {
            (expires, due, key, metadata) = (nil, nil, nil, nil)
        } else {
            expires = try message.timeToLive.map { (now + $0).milliseconds }
            due = try message.delay.map { (now + $0).milliseconds }
            key = message.partitionKey
            metadata = BusMetadata.text(message.metadata)
        }
    }

    /// One that was read.
    init(_ message: OutgoingMessage, published: Int64, expires: Int64?, due: Int64?, key: String?) {
        self.message = message
        self.published = published
        self.expires = expires
        self.due = due
        self.key = key
        metadata = nil
    }

    /// What it counts for against limits.
    var bytes: Int { message.data.readableBytes + (metadata?.utf8.count ?? 0) + message.topic.utf8.count }

    func isExpired(at now: Int64) -> Bool { expires.map { $0 <= now } ?? false }
}
