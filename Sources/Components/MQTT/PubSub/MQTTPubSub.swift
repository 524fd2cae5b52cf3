import Logging
import MechaCore
import NIOCore
import Synchronization

/// `pubsub.mqtt3`: topics of an MQTT broker.
///
/// A consumer group is a session of the broker under the group's name as client id, so its messages wait while nobody
/// of the group is there. Publishing has a connection of its own.
public final class MQTTPubSub: PubSub {
    private struct State {
        var consumers: [String: MQTTConsumer] = [:]
        var statuses: [String: ComponentStatus] = [:]
        var isClosed = false
    }

    private let configuration: MQTTConfiguration
    private let loop: any EventLoop
    private let logger: Logger
    private let clock: any MechaClock
    private let publisher: MQTTPublisher
    private let state = Mutex(State())

    init(configuration: MQTTConfiguration, environment: ComponentEnvironment) {
        self.configuration = configuration
        loop = environment.eventLoopGroup.next()
        logger = environment.logger
        clock = environment.clock
        // Publishers of one app in several processes must not push each other out.
        let suffix = RandomID.uuid().prefix(8)
        publisher = MQTTPublisher(
            loop: loop, configuration: configuration, clientID: "\(configuration.consumerID)-publisher-\(suffix)", logger: logger)
    }

    public var features: PubSubFeatures { configuration.version == .v5 ? [.subscribeWildcards, .messageTTL] : [.subscribeWildcards] }

    public var status: ComponentStatus {
        state.withLock { state in
            if state.isClosed { return ComponentStatus(.closed) }
            return state.statuses.values.first { $0.phase != .ready } ?? publisher.status
        }
    }

    /// How the consumers stand; nil when there are none.
    var consumerStatus: ComponentStatus? {
        state.withLock { state in state.statuses.values.first { $0.phase != .ready } ?? state.statuses.values.first }
    }

    public func start() async throws { publisher.start() }

    public func close() async {
        let consumers = state.withLock { state in
            state.isClosed = true
            return Array(state.consumers.values)
        }
        for consumer in consumers {
            let feeds = (try? await loop.submit { consumer.openFeeds }.get()) ?? []
            for feed in feeds { await feed.close() }
        }
        await publisher.close()
    }

    // MARK: - Publishing

    public func publish(_ message: OutgoingMessage) async throws {
        try await publisher.publish(try MQTTPublish(message, configuration))
    }

    // MARK: - Subscribing

    public func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed {
        guard let filter = MQTTTopic.filter(of: request.topic), MQTTTopic.isFilter(filter), MQTTText.isWritable(request.topic) else {
            throw CapabilityError(
                .invalidArgument,
                "\"\(request.topic)\" is no topic filter of MQTT: \"+\" and \"#\" stand for whole levels, \"#\" for the last ones, a shared subscription is $share/group/filter"
            )
        }
        guard MQTTText.isWritable(request.consumerGroup), !request.consumerGroup.isEmpty else {
            throw CapabilityError(.invalidArgument, "the consumer group cannot be an MQTT client id")
        }
        let metadata = ComponentMetadata(request.metadata)
        let unsubscribes: Bool
        do {
            unsubscribes = try metadata.bool("unsubscribeOnClose")
        } catch {
            throw CapabilityError(.invalidArgument, "subscription to \(request.topic): \(error)", cause: error)
        }
        let isVersion5 = configuration.version == .v5
        return try await loop.flatSubmit { [self] in
            let feed: MQTTFeed
            do {
                feed = MQTTFeed(
                    consumer: try consumer(request.consumerGroup), subscription: request.topic, filter: filter,
                    unsubscribesOnClose: unsubscribes, maximumInFlight: request.maximumInFlight, clock: clock
                ) { publish, attempt, first in
                    await handler(IncomingMessage(publish, attempt: attempt, firstDelivered: first, isVersion5: isVersion5))
                }
                return try consumer(request.consumerGroup).attach(feed).map { feed }
            } catch {
                return loop.makeFailedFuture(error)
            }
        }.get()
    }

    /// The group's session; made when there is none. On the loop.
    private func consumer(_ group: String) throws -> MQTTConsumer {
        try state.withLock { state in
            guard !state.isClosed else { throw CapabilityError(.closed, "the MQTT component is closed") }
            if let known = state.consumers[group] { return known }
            let consumer = MQTTConsumer(loop: loop, configuration: configuration, clientID: group, logger: logger)
            state.consumers[group] = consumer
            consumer.onStatusChange = { [weak self, weak consumer] status in
                self?.state.withLock { if $0.consumers[group] === consumer { $0.statuses[group] = status } }
            }
            consumer.onEnd = { [weak self, weak consumer] in
                self?.state.withLock {
                    guard $0.consumers[group] === consumer else { return }
                    $0.consumers[group] = nil
                    $0.statuses[group] = nil
                }
            }
            return consumer
        }
    }
}
