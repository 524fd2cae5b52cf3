import MechaCore
import MechaResiliency
import MechaTelemetry
import NIOCore

/// Publishes what transactions write, if and only if they commit.
///
/// Dapr's protocol: a message goes to an internal topic before the transaction, a marker is written with the
/// transaction, and whoever receives the message publishes the event when it finds the marker. Dapr waits a
/// second before it looks. Here the process that committed publishes at once and says so in the marker; the
/// internal message serves only those that were interrupted, and tidies up.
public final class Outbox: Sendable {
    /// Longest that a message of another process is looked for a marker; then the broker brings it again.
    private static let patience = Duration.seconds(10)
    private static let pause = Backoff(initial: .milliseconds(10), maximum: .seconds(3), multiplier: 2, jitter: 0.2)
    /// How long another process that committed is given to publish.
    private static let courtesy = Duration.seconds(1)

    private static let committed = ByteBuffer(string: "0")
    private static let published = ByteBuffer(string: "1")

    public let settings: OutboxSettings
    private let store: any StateStore
    private let publisher: PubSubBinding
    private let internalBroker: PubSubBinding
    private let topic: String
    private let context: DeliveryContext
    private let ledger = OutboxLedger()
    private let feed = Latest<any MessageFeed>()

    public init(
        _ settings: OutboxSettings, store: any StateStore, publisher: PubSubBinding, internalBroker: PubSubBinding, namespace: String,
        context: DeliveryContext
    ) {
        self.settings = settings
        self.store = store
        self.publisher = publisher
        self.internalBroker = internalBroker
        self.context = context
        topic = settings.internalTopic(appID: context.appID, namespace: namespace)
    }

    // MARK: - The transaction

    /// Runs a transaction whose writes are published.
    ///
    /// - Parameters:
    ///   - operations: as the app gave them.
    ///   - prepare: makes an operation what the store is to see.
    public func transact(
        _ operations: [StateOperation], trace: TraceContext?, prepare: (StateOperation) throws -> StateOperation,
        commit: ([StateOperation]) async throws -> Void
    ) async throws {
        let plan = try OutboxPlan(operations)
        let now = context.clock.now()
        var letters: [(id: String, event: ByteBuffer)] = []
        for item in plan.published {
            let id = "outbox-\(RandomID.uuid())"
            let envelope = CloudEventContext(
                appID: context.appID, pubsub: settings.publishPubsub, topic: settings.publishTopic,
                traceparent: trace?.traceparent, tracestate: trace?.state?.text, now: now, metadata: ["cloudevent.id": id])
            var event = CloudEvent.wrap(item.payload, contentType: item.contentType, envelope)
            if !item.attributes.isEmpty { event = try CloudEvent(event).adding(item.attributes).text }
            letters.append((id, event))
        }
        let ids = letters.map(\.id)
        ledger.begin(ids)
        do {
            let failures = try await internalBroker.broker.publish(
                letters.map { OutgoingMessage(topic: internalBroker.brokerTopic(topic), data: $0.event) })
            if let failure = failures.compactMap({ $0 }).first { throw failure }
            let markers = ids.map { StateOperation.upsert(StateWrite(key: $0, value: Self.committed)) }
            try await commit(try plan.stored.map(prepare) + markers)
        } catch {
            // Where the commit's outcome is not known, the marker tells it.
            let isUncertain = (error as? CapabilityError).map { $0.code == .timeout || $0.code == .unavailable } ?? false
            ledger.end(ids, isUncertain ? .unpublished : .void)
            throw error
        }
        // The transaction stands: the caller need not wait for its events.
        Task { [self] in
            for letter in letters { await publishCommitted(letter.id, letter.event) }
        }
    }

    private func publishCommitted(_ id: String, _ event: ByteBuffer) async {
        do {
            try await publish(event)
            try await store.set(StateWrite(key: id, value: Self.published))
            ledger.end([id], .published)
        } catch {
            context.logger.warning("an outbox event of \(settings.store) is not published yet: \(error)")
            ledger.end([id], .unpublished)
        }
    }

    private func publish(_ event: ByteBuffer) async throws {
        try await publisher.broker.publish(OutgoingMessage(topic: publisher.brokerTopic(settings.publishTopic), data: event))
    }

    // MARK: - The internal topic

    /// Begins to take the messages of the internal topic.
    public func start() async throws {
        let opened = try await internalBroker.broker.subscribe(
            SubscriptionRequest(topic: internalBroker.brokerTopic(topic), consumerGroup: internalBroker.consumerGroup)
        ) { [self] message in await take(message) }
        feed.set(opened)
    }

    /// Ends it when the messages under way are settled.
    public func close() async { await feed.value?.close() }

    /// Whether it works on just these.
    public func uses(_ settings: OutboxSettings, store: any StateStore, publisher: any PubSub, internalBroker: any PubSub) -> Bool {
        settings == self.settings && store as AnyObject === self.store as AnyObject
            && publisher as AnyObject === self.publisher.broker as AnyObject
            && internalBroker as AnyObject === self.internalBroker.broker as AnyObject
    }

    private func take(_ message: IncomingMessage) async -> MessageOutcome {
        guard let event = try? CloudEvent(message.data), event.id.hasPrefix("outbox-") else {
            context.logger.error("a message of the internal topic \(topic) is none of the outbox's and is dropped")
            return .acknowledge
        }
        do {
            switch await ledger.outcome(of: event.id) {
            case .published?: return try await tidy(event.id)
            case .void?: return .acknowledge
            case .unpublished?, nil: return try await finish(event)
            }
        } catch {
            context.logger.warning("an outbox message of \(settings.store) is tried again later: \(error)")
            return .redeliver
        }
    }

    private func tidy(_ id: String) async throws -> MessageOutcome {
        try await store.delete(StateRemoval(key: id))
        return .acknowledge
    }

    /// A transaction that was interrupted, or another process's: its marker says whether it stands.
    private func finish(_ event: CloudEvent) async throws -> MessageOutcome {
        let started = context.clock.monotonicNow
        var pause = BackoffSchedule(Self.pause)
        var generator = SystemRandomNumberGenerator()
        var committed: MonotonicInstant?
        while context.clock.monotonicNow.since(started) < Self.patience {
            let marker = try await store.get(event.id, StateReadOptions(consistency: .strong))?.value
            let now = context.clock.monotonicNow
            if marker == Self.published { return try await tidy(event.id) }
            if marker != nil {
                let since = committed ?? now
                committed = since
                if now.since(since) >= Self.courtesy {
                    try await publish(event.text)
                    return try await tidy(event.id)
                }
            }
            try await context.clock.sleep(for: pause.next(using: &generator))
        }
        if settings.discardsWhenStateIsMissing { return .acknowledge }
        context.logger.warning("an outbox message of \(settings.store) has no transaction behind it yet")
        return .redeliver
    }
}

extension CloudEvent {
    /// The event with more attributes; those that it has stay.
    func adding(_ attributes: [String: String]) throws -> CloudEvent {
        let own = json.objectValue ?? []
        let names = Set(own.map(\.name))
        return CloudEvent(
            own + attributes.sorted { $0.key < $1.key }.filter { !names.contains($0.key) }.map { .init($0.key, .string($0.value)) })
    }
}
