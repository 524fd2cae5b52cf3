import Logging
import MechaCore
import NIOCore

/// `pubsub.jetstream`: a topic is a subject of a JetStream stream; each consumer group has a durable consumer.
public final class JetStreamPubSub: PubSub {
    private let client: NATSClient
    private let settings: JetStreamSettings
    private let logger: Logger
    private let streamChanges = SerialGate()

    init(client: NATSClient, settings: JetStreamSettings, logger: Logger) {
        self.client = client
        self.settings = settings
        self.logger = logger
    }

    public var features: PubSubFeatures { [.subscribeWildcards, .bulk] }
    public var status: ComponentStatus { client.status }
    public func start() async throws { try await client.start() }
    public func close() async { await client.close() }

    // MARK: - Publishing

    public func publish(_ message: OutgoingMessage) async throws {
        guard NATSSubject.isLiteral(message.topic) else {
            throw CapabilityError(
                .invalidArgument, "the topic \"\(message.topic)\" is no NATS subject: words between dots, without blanks, * and >")
        }
        let headers = JetStreamHeaders.of(message)
        var answer = try await client.request(message.topic, headers: headers, body: message.data)
        if answer.headers.status == 503 {
            try await requireStream(message.topic)
            answer = try await client.request(message.topic, headers: headers, body: message.data)
            if answer.headers.status == 503 {
                throw CapabilityError(.unavailable, "JetStream has a stream for the subject \"\(message.topic)\" and does not serve it now")
            }
        }
        // {"stream":"S","seq":1}, or an error.
        guard let value = try? JSON.parse(answer.body) else {
            throw CapabilityError(.backend, "JetStream answered with something that is no JSON")
        }
        if let error = JetStreamError(value) { throw error.capabilityError }
        guard value["stream"]?.stringValue != nil else {
            throw CapabilityError(
                .backend, "a subscriber answered in place of JetStream: no stream covers the subject \"\(message.topic)\"")
        }
    }

    /// Nobody took a message: finds out whether there is no stream, and creates one where that is allowed.
    private func requireStream(_ subject: String) async throws {
        let api = JetStreamAPI(client: client, settings: settings, streamChanges: streamChanges)
        do {
            guard try await api.streamName(of: subject) == nil else { return }
            guard settings.createsStreams else { throw JetStreamAPI.noStream(subject) }
            _ = try await api.ensureStream(for: subject)
        } catch let error as JetStreamError {
            throw error.capabilityError
        }
    }

    // MARK: - Subscribing

    public func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed {
        guard NATSSubject.isPattern(request.topic) else {
            throw CapabilityError(
                .invalidArgument,
                "the topic \"\(request.topic)\" is no NATS subject: words between dots; * for one, > at the end for the rest")
        }
        guard !request.consumerGroup.isEmpty else { throw CapabilityError(.invalidArgument, "the consumer group is empty") }
        guard status.phase != .closed else { throw CapabilityError(.closed, "the NATS component is closed") }
        let home = client.pickLoop()
        let api = JetStreamAPI(client: client, settings: settings, streamChanges: streamChanges, home: home)
        let feed = JetStreamFeed(api: api, home: home, request: request, logger: logger, handler: handler)
        let (inFlight, capacity) = JetStreamFeed.window(request, settings)
        do {
            feed.start(try await api.consumer(request, window: inFlight + capacity))
        } catch let error as CapabilityError where error.code == .unavailable || error.code == .timeout {
            feed.start(nil)
        }
        return feed
    }
}
