import Logging
import MechaCore
import NIOCore

/// `pubsub.rabbitmq`: topics as exchanges of RabbitMQ, consumer groups as queues, in the layout of Dapr's component.
public final class RabbitPubSub: PubSub {
    private let settings: RabbitPubSubSettings
    private let publisher: RabbitPublisher
    private let consumer: RabbitConsumer

    init(configuration: RabbitConfiguration, settings: RabbitPubSubSettings, environment: ComponentEnvironment) {
        self.settings = settings
        let loop = environment.eventLoopGroup.next()
        let layout = settings.layout
        publisher = RabbitPublisher(loop: loop, configuration: configuration, logger: environment.logger) { exchange, channel in
            channel.call(.exchangeDeclare(layout.exchange(exchange))).map { _ in }
        }
        consumer = RabbitConsumer(loop: loop, configuration: configuration, clock: environment.clock, logger: environment.logger)
    }

    public var features: PubSubFeatures { [.messageTTL] }

    public var status: ComponentStatus {
        if let status = consumer.status, status.phase != .ready { return status }
        return publisher.status
    }

    public func start() async throws { publisher.start() }

    public func close() async {
        await consumer.close()
        await publisher.close()
    }

    public func publish(_ message: OutgoingMessage) async throws {
        guard !message.topic.isEmpty else { throw CapabilityError(.invalidArgument, "the topic is empty") }
        try await publisher.publish(
            try RabbitPublish(
                exchange: message.topic, routingKey: message.value("routingKey") ?? "", body: message.data,
                contentType: message.contentType,
                metadata: message.metadata, timeToLive: try message.timeToLive ?? settings.timeToLive, deliveryMode: settings.deliveryMode))
    }

    public func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed {
        let subscription = try RabbitSubscription(request)
        let inFlight = settings.isSerial ? 1 : request.maximumInFlight
        // One at a time means an order, which messages fetched ahead of one that goes back would break.
        let prefetch = inFlight == 1 ? 1 : settings.prefetchCount == 0 ? UInt16(clamping: inFlight) : settings.prefetchCount
        let feed = RabbitFeed.Settings(
            methods: settings.layout.methods(subscription), queue: subscription.queue, prefetch: prefetch, maximumInFlight: inFlight,
            acknowledgesAtOnce: settings.acknowledgesAtOnce, refusal: settings.refusal, staysConsumer: settings.layout.isDeletedWhenUnused)
        let publishesProperties = settings.publishesProperties
        return try await consumer.run(feed) { delivery in
            await handler(
                IncomingMessage(
                    topic: subscription.topic, data: delivery.body, contentType: delivery.properties.contentType,
                    metadata: delivery.metadata(includingProperties: publishesProperties),
                    attempt: delivery.attempt(queue: subscription.queue, isQuorum: subscription.queueType == "quorum")))
        }
    }
}
