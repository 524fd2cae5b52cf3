import MechaCore
import NIOCore

/// `pubsub.redis`: a topic is a stream, in the layout that Dapr's component of that name uses, so that both
/// may publish to and read from the same streams.
public final class RedisPubSub: PubSub {
    let client: RedisClient
    let clock: any MechaClock
    let settings: RedisPubSubSettings

    init(client: RedisClient, clock: any MechaClock, settings: RedisPubSubSettings) {
        self.client = client
        self.clock = clock
        self.settings = settings
    }

    public var features: PubSubFeatures { .bulk }
    public var status: ComponentStatus { client.status }
    public func start() async throws { try await client.start() }
    public func close() async { await client.close() }

    // MARK: - Publishing

    public func publish(_ message: OutgoingMessage) async throws {
        try checkTopic(message.topic)
        let replies = try await client.call(key: message.topic) { encode(message, &$0) }
        // The only reply is the id of the new entry, or an error.
        if replies.containsError { _ = try client.values(replies) }
    }

    public func publish(_ messages: [OutgoingMessage]) async throws -> [(any Error)?] {
        guard let topic = messages.first?.topic else { return [] }
        guard messages.allSatisfy({ $0.topic == topic }) else {
            throw CapabilityError(.invalidArgument, "a batch of messages is for one topic")
        }
        try checkTopic(topic)
        var outcomes: [(any Error)?] = []
        outcomes.reserveCapacity(messages.count)
        var rest = messages[...]
        // In rounds, so that a long list neither waits for one huge write nor reaches the limit of requests.
        while !rest.isEmpty {
            let round = rest.prefix(client.configuration.limits.keysPerRound)
            rest = rest.dropFirst(round.count)
            outcomes += await publish(round: round, topic)
        }
        return outcomes
    }

    private func publish(round: ArraySlice<OutgoingMessage>, _ topic: String) async -> [(any Error)?] {
        do {
            let replies = try await client.call(key: topic, replies: round.count) { writer in
                for message in round { encode(message, &writer) }
            }
            guard replies.containsError else { return Array(repeating: nil, count: round.count) }
            return try replies.values().map { reply in
                if case .error(let error) = reply { client.failure(error) } else { nil }
            }
        } catch {
            return Array(repeating: error, count: round.count)
        }
    }

    private func encode(_ message: OutgoingMessage, _ writer: inout RESPWriter) {
        var parts = 2 + RedisStreamEntry.partCount(message)
        if settings.maximumLength != nil || settings.streamTTL != nil { parts += 3 }
        writer.begin(parts: parts)
        writer.append(encoded: "$4\r\nXADD\r\n")
        writer.write(message.topic)
        if let length = settings.maximumLength {
            writer.append(encoded: "$6\r\nMAXLEN\r\n$1\r\n~\r\n")
            writer.write(length)
        } else if let ttl = settings.streamTTL {
            let oldest = (clock.now().nanosecondsSinceEpoch - ttl.wholeNanoseconds) / 1_000_000
            writer.append(encoded: "$5\r\nMINID\r\n$1\r\n~\r\n")
            writer.write(max(0, Int(oldest)))
        }
        RedisStreamEntry.encode(message, &writer)
    }

    private func checkTopic(_ topic: String) throws(CapabilityError) {
        if topic.isEmpty { throw CapabilityError(.invalidArgument, "the topic is empty") }
    }

    // MARK: - Subscribing

    public func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed {
        try checkTopic(request.topic)
        guard !request.consumerGroup.isEmpty else { throw CapabilityError(.invalidArgument, "the consumer group is empty") }
        guard status.phase != .closed else { throw CapabilityError(.closed, "the Redis component is closed") }
        let feed = RedisFeed(client: client, home: client.pickLoop(), settings: settings, request: request, handler: handler)
        feed.start()
        return feed
    }
}
