import MechaCore

/// What a subscription's metadata say about its queue.
struct RabbitSubscription: Sendable, Equatable {
    var topic: String
    var queue: String
    var routingKeys = [""]
    var queueType = "classic"
    var maximumPriority: UInt8?
    var maximumMessages: Int?
    var maximumBytes: Int?
    var hasSingleActiveConsumer = false

    /// Reads `queueName`, `routingKey` (several with commas), `queueType`, `maxPriority`, `maxLen`, `maxLenBytes` and
    /// `singleActiveConsumer`. Throws ``CapabilityError`` (`invalidArgument`).
    init(_ request: SubscriptionRequest) throws {
        let metadata = ComponentMetadata(request.metadata)
        topic = request.topic
        queue = metadata.string("queueName") ?? "\(request.consumerGroup)-\(request.topic)"
        do {
            routingKeys = metadata.string("routingKey", default: "").split(separator: ",", omittingEmptySubsequences: false).map(
                String.init)
            queueType = try metadata.choice("queueType", of: ["classic", "quorum"], default: "classic")
            // Greater numbers mean the greatest, as in Dapr.
            maximumPriority = try metadata.integer("maxPriority").map { UInt8(clamping: $0) }
            maximumMessages = try Self.count(metadata, "maxLen")
            maximumBytes = try Self.count(metadata, "maxLenBytes")
            hasSingleActiveConsumer = try metadata.bool("singleActiveConsumer")
        } catch {
            throw CapabilityError(.invalidArgument, "subscription to \(request.topic): \(error)", cause: error)
        }
        guard !topic.isEmpty, ["dlx-\(topic)", "dlq-\(queue)"].allSatisfy(AMQPText.isShort), routingKeys.allSatisfy(AMQPText.isShort) else {
            throw CapabilityError(
                .invalidArgument, "topic, queue name and routing keys of RabbitMQ may not be empty nor longer than 250 bytes")
        }
    }

    static func count(_ metadata: ComponentMetadata, _ field: String) throws -> Int? {
        guard let number = try metadata.integer(field) else { return nil }
        guard number >= 0 else { throw MetadataError(field: field, problem: "is \(number)", expected: "a number that is not below zero") }
        return number
    }
}
