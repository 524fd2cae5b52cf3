import MechaCore
import NIOCore

/// `bindings.rabbitmq`: messages of one queue into the app, and into it from the app.
public final class RabbitBinding: InputBinding, OutputBinding {
    private let queue: AMQPQueueDeclare
    private let prefetchCount: UInt16
    private let contentType: String
    private let publisher: RabbitPublisher
    private let consumer: RabbitConsumer

    init(
        configuration: RabbitConfiguration, queue: AMQPQueueDeclare, prefetchCount: UInt16, contentType: String,
        environment: ComponentEnvironment
    ) {
        self.queue = queue
        self.prefetchCount = prefetchCount
        self.contentType = contentType
        let loop = environment.eventLoopGroup.next()
        let consumer = RabbitConsumer(loop: loop, configuration: configuration, clock: environment.clock, logger: environment.logger)
        self.consumer = consumer
        publisher = RabbitPublisher(loop: loop, configuration: configuration, logger: environment.logger) { _, channel in
            // An exclusive queue is its consumer's, and may not be declared from another connection.
            queue.isExclusive
                ? channel.call(.basicQos(prefetchCount: 0, isGlobal: false)).map { _ in } : channel.call(.queueDeclare(queue)).map { _ in }
        }
    }

    public var operations: [String] { ["create"] }

    public var status: ComponentStatus {
        if let status = consumer.status, status.phase != .ready { return status }
        return publisher.status
    }

    public func start() async throws { publisher.start() }

    public func close() async {
        await consumer.close()
        await publisher.close()
    }

    // MARK: - Out

    public func invoke(_ request: BindingRequest) async throws -> BindingResponse {
        guard request.operation == "create" else {
            throw CapabilityError(.unsupported, "bindings.rabbitmq has no operation \"\(request.operation)\"; expected create")
        }
        let message = OutgoingMessage(topic: "", data: request.data, metadata: request.metadata)
        // Dapr sends every key as a header, those that have a meaning of their own too.
        var publish = try RabbitPublish(
            exchange: "", routingKey: queue.name, body: request.data, contentType: contentType, metadata: request.metadata,
            timeToLive: try message.timeToLive, deliveryMode: 2, sendsAllHeaders: true)
        publish.isMandatory = true
        try await publisher.publish(publish)
        return BindingResponse()
    }

    // MARK: - In

    public func read(_ handler: @escaping BindingHandler) async throws -> any MessageFeed {
        let inFlight = prefetchCount == 0 ? SubscriptionRequest.defaultMaximumInFlight : Int(prefetchCount)
        let settings = RabbitFeed.Settings(
            methods: [.queueDeclare(queue)], queue: queue.name, isExclusive: false, prefetch: UInt16(clamping: inFlight),
            maximumInFlight: inFlight,
            staysConsumer: queue.isAutoDeleted)
        return try await consumer.run(settings) { delivery in
            let event = BindingEvent(
                data: delivery.body, contentType: delivery.properties.contentType, metadata: delivery.metadata(includingProperties: false))
            switch await handler(event) {
            case .acknowledge: return .acknowledge
            case .redeliver: return .redeliver
            }
        }
    }
}
