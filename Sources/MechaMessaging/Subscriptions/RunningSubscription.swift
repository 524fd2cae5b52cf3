import MechaCore
import MechaInvocation
import Synchronization

/// A subscription whose messages are being delivered.
public final class RunningSubscription: Sendable {
    public let subscription: TopicSubscription
    let broker: any PubSub
    private let delivery: MessageDelivery
    private let bulk: BulkDelivery?
    private let order: KeyedOrder?
    private let feed = Mutex<(any MessageFeed)?>(nil)
    private let isStopping = Atomic(false)

    /// Throws ``CapabilityError`` for rules, paths or metadata that cannot be used.
    init(_ subscription: TopicSubscription, binding: PubSubBinding, target: any EventTarget, context: DeliveryContext) throws {
        self.subscription = subscription
        broker = binding.broker
        delivery = try MessageDelivery(subscription, binding: binding, target: target, context: context)
        bulk = subscription.bulk.map { [delivery] in BulkDelivery(delivery, $0) }
        order = delivery.options.isOrdered ? KeyedOrder() : nil
    }

    func start() async throws {
        let binding = delivery.binding
        let inFlight = max(SubscriptionRequest.defaultMaximumInFlight, subscription.bulk?.maximumMessages ?? 0)
        let request = SubscriptionRequest(
            topic: binding.brokerTopic(subscription.topic), consumerGroup: binding.consumerGroup, metadata: subscription.metadata,
            maximumInFlight: binding.isSingle && subscription.bulk == nil ? 1 : inFlight, ordersByKey: order != nil)
        let feed = try await binding.broker.subscribe(request) { [self] message in await handle(message) }
        self.feed.withLock { $0 = feed }
    }

    private func handle(_ message: IncomingMessage) async -> MessageOutcome {
        if let bulk { return await bulk.deliver(message) }
        guard let order else { return await delivery.deliver(message) }
        return await deliver(message, in: order)
    }

    @inline(never)
    private func deliver(_ message: IncomingMessage, in order: KeyedOrder) async -> MessageOutcome {
        guard let key = orderingKey(message) else { return await delivery.deliver(message) }
        await order.enter(key)
        defer { order.leave(key) }
        // Those behind a message that was given back must not pass it.
        if isStopping.load(ordering: .relaxed) { return .redeliver }
        return await delivery.deliver(message) { [self] in isStopping.load(ordering: .relaxed) }
    }

    /// The partition key of the message, or of the event in it.
    private func orderingKey(_ message: IncomingMessage) -> String? {
        if let key = value(message.metadata, "partitionKey"), !key.isEmpty { return key }
        guard let event = try? CloudEvent(message.data) else { return nil }
        let key = event.attribute("partitionkey")
        return key.isEmpty ? nil : key
    }

    func pause() async { await currentFeed?.pause() }

    func resume() async { await currentFeed?.resume() }

    /// Ends it when the messages under way are settled.
    func close() async {
        isStopping.store(true, ordering: .relaxed)
        await bulk?.flush()
        await currentFeed?.close()
    }

    private var currentFeed: (any MessageFeed)? { feed.withLock { $0 } }
}
