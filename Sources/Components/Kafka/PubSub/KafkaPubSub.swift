#if Kafka
import MechaCore
import NIOCore

/// `pubsub.kafka`: topics of Kafka. Messages of a group keep their order for each key where the subscription asks for
/// it; offsets are committed only up to the first message that is not done with.
public final class KafkaPubSub: PubSub {
    private let settings: KafkaSettings
    private let producer: KafkaProducer
    private let consumers: KafkaConsumers

    init(_ settings: KafkaSettings, environment: ComponentEnvironment) {
        self.settings = settings
        producer = KafkaProducer(settings: settings, logger: environment.logger)
        consumers = KafkaConsumers(settings: settings, clock: environment.clock, logger: environment.logger)
    }

    public var features: PubSubFeatures { [.bulk, .keyOrder] }

    public var status: ComponentStatus {
        let own = producer.status
        if own.phase != .closed, let status = consumers.status, status.phase != .ready { return status }
        return own
    }

    public func start() async throws { try producer.start() }

    public func close() async {
        await consumers.close()
        await producer.close()
    }

    public func publish(_ message: OutgoingMessage) async throws {
        try KafkaSettings.refuseSchema(message.metadata)
        try await producer.publish(
            message.topic, key: message.partitionKey ?? message.value("__key"), headers: settings.headers(message.metadata), message.data)
    }

    public func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed {
        try KafkaSettings.refuseSchema(request.metadata)
        let settings = settings
        return try await consumers.subscribe(
            request.topic, group: settings.consumerGroup ?? request.consumerGroup, maximumInFlight: request.maximumInFlight,
            ordersByKey: request.ordersByKey
        ) { message in
            await handler(
                IncomingMessage(
                    topic: message.topic, data: message.data, metadata: message.metadata(settings), attempt: message.attempt,
                    firstDelivered: message.firstDelivered))
        }
    }

    /// `pubsub.kafka`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "pubsub.kafka", summary: "Topics of Apache Kafka, over librdkafka", fields: KafkaSettings.fields
    ) { metadata, environment in
        KafkaPubSub(try KafkaSettings(metadata, retriesByDefault: true), environment: environment)
    }
}

extension KafkaSettings {
    /// Every key travels, those that have a meaning of their own too, as Dapr has it.
    func headers(_ metadata: [String: String]) -> [String: String] {
        guard let excludedHeaders else { return metadata }
        return metadata.filter { !excludedHeaders.matches($0.key) }
    }
}
#endif
