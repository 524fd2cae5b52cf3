#if Kafka
import MechaCore
import NIOCore

/// `bindings.kafka`: messages of topics into the app, and into one topic from the app.
public final class KafkaBinding: InputBinding, OutputBinding {
    private let settings: KafkaSettings
    private let topics: [String]
    private let publishTopic: String?
    private let group: String
    private let producer: KafkaProducer
    private let consumers: KafkaConsumers

    init(_ metadata: ComponentMetadata, environment: ComponentEnvironment) throws {
        settings = try KafkaSettings(metadata, retriesByDefault: false)
        topics = metadata.string("topics", default: "").split(separator: ",").map { String($0.trimmingBlanks()) }
        publishTopic = metadata.string("publishTopic")
        group = metadata.string("consumerGroup") ?? metadata.string("consumerID", default: environment.appID)
        producer = KafkaProducer(settings: settings, logger: environment.logger)
        consumers = KafkaConsumers(settings: settings, clock: environment.clock, logger: environment.logger)
    }

    public let operations = ["create"]
    public var status: ComponentStatus { producer.status }
    public func start() async throws { try producer.start() }

    public func close() async {
        await consumers.close()
        await producer.close()
    }

    public func invoke(_ request: BindingRequest) async throws -> BindingResponse {
        guard request.operation == "create" else {
            throw CapabilityError(.unsupported, "bindings.kafka has no operation \"\(request.operation)\"; expected create")
        }
        guard let topic = publishTopic else { throw CapabilityError(.misconfigured, "the component names no publishTopic") }
        let key = request.value("partitionKey").flatMap { $0.isEmpty ? nil : $0 } ?? request.value("__key")
        try await producer.publish(topic, key: key, headers: settings.headers(request.metadata), request.data)
        return BindingResponse()
    }

    public func read(_ handler: @escaping BindingHandler) async throws -> any MessageFeed {
        let settings = settings
        guard !topics.isEmpty else { throw CapabilityError(.misconfigured, "the component names no topics") }
        for topic in topics { try KafkaTopic.check(topic) }
        // All at once: the group shares the partitions of all topics out in one round.
        return try await withThrowingTaskGroup(of: (any MessageFeed).self) { tasks in
            for topic in topics {
                tasks.addTask { [consumers, group] in
                    try await consumers.subscribe(
                        topic, group: group, maximumInFlight: SubscriptionRequest.defaultMaximumInFlight, ordersByKey: true
                    ) { message in
                        switch await handler(BindingEvent(data: message.data, metadata: message.metadata(settings))) {
                        case .acknowledge: .acknowledge
                        case .redeliver: .redeliver
                        }
                    }
                }
            }
            var feeds: [any MessageFeed] = []
            for try await feed in tasks { feeds.append(feed) }
            return Feeds(feeds)
        }
    }

    /// Several feeds as one.
    private struct Feeds: MessageFeed {
        private let feeds: [any MessageFeed]

        init(_ feeds: [any MessageFeed]) { self.feeds = feeds }

        func pause() async { for feed in feeds { await feed.pause() } }
        func resume() async { for feed in feeds { await feed.resume() } }
        func close() async { for feed in feeds { await feed.close() } }
    }

    /// `bindings.kafka`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "bindings.kafka", summary: "Messages of Apache Kafka into and out of the app, over librdkafka",
        fields: KafkaSettings.fields + [
            MetadataField("topics", .string, "Topics whose messages the app gets, with commas between them"),
            MetadataField("publishTopic", .string, "Topic that the app's messages go to"),
            MetadataField("consumerID", .string, "Consumer group when consumerGroup is not named"),
        ]
    ) { metadata, environment in try KafkaBinding(metadata, environment: environment) }
}
#endif
