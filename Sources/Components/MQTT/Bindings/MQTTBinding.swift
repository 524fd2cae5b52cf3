import MechaCore
import NIOCore
import Synchronization

/// `bindings.mqtt3`: messages of one topic into the app, and out of it.
public final class MQTTBinding: InputBinding, OutputBinding {
    private let pubsub: MQTTPubSub
    private let publisher: MQTTPublisher
    private let configuration: MQTTConfiguration
    private let topic: String
    private let isReading = Mutex(false)

    init(configuration: MQTTConfiguration, topic: String, environment: ComponentEnvironment) {
        self.configuration = configuration
        self.topic = topic
        pubsub = MQTTPubSub(configuration: configuration, environment: environment)
        publisher = MQTTPublisher(
            loop: environment.eventLoopGroup.next(), configuration: configuration, clientID: "\(configuration.consumerID)-producer",
            logger: environment.logger)
    }

    public var operations: [String] { ["create"] }

    public var status: ComponentStatus { isReading.withLock { $0 } ? pubsub.consumerStatus ?? publisher.status : publisher.status }

    public func start() async throws { publisher.start() }

    public func close() async {
        await pubsub.close()
        await publisher.close()
    }

    // MARK: - Out

    public func invoke(_ request: BindingRequest) async throws -> BindingResponse {
        guard request.operation == "create" else {
            throw CapabilityError(.unsupported, "bindings.mqtt3 has no operation \"\(request.operation)\"; expected create")
        }
        var message = OutgoingMessage(topic: topic, data: request.data, contentType: "", metadata: request.metadata)
        if let other = request.value("topic"), !other.isEmpty { message.topic = other }
        message.contentType = request.value("contentType") ?? ""
        message.metadata = request.metadata.filter { $0.key.lowercased() != "contenttype" }
        try await publisher.publish(try MQTTPublish(message, configuration))
        return BindingResponse()
    }

    // MARK: - In

    public func read(_ handler: @escaping BindingHandler) async throws -> any MessageFeed {
        isReading.withLock { $0 = true }
        // As Dapr names it, so that messages that wait at the broker are found again.
        let request = SubscriptionRequest(topic: topic, consumerGroup: "\(configuration.consumerID)-consumer")
        return try await pubsub.subscribe(request) { message in
            var metadata = message.metadata
            metadata["topic"] = message.topic
            switch await handler(BindingEvent(data: message.data, contentType: message.contentType, metadata: metadata)) {
            case .acknowledge: return .acknowledge
            case .redeliver: return .redeliver
            }
        }
    }
}
