import MechaCore

/// A message on its way into the file, with everything settled that can fail for it alone.
struct BusPublication: Sendable {
    let message: OutgoingMessage
    let published: Int64
    let expires: Int64?
    let due: Int64?
    let key: String?
    /// JSON; nil for none.
    let metadata: String?
    let receipt: BusReceipt
    /// Its place among the receipt's outcomes.
    let index: Int

    init(_ message: OutgoingMessage, at now: Timestamp, receipt: BusReceipt, index: Int) throws {
        self.message = message
        self.receipt = receipt
        self.index = index
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

    /// What it counts for against limits.
    var bytes: Int { message.data.readableBytes + (metadata?.utf8.count ?? 0) + message.topic.utf8.count }
}
