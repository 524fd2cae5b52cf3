import MechaCore
import MechaInvocation

/// All subscriptions of one app: started, stopped and moved to another broker as resources change, paused
/// while the app is unwell, drained at the end.
public actor SubscriptionManager {
    private let target: any EventTarget
    private let context: DeliveryContext
    private var running: [RunningSubscription] = []
    private var streams: [ObjectIdentifier: RunningSubscription] = [:]
    private var isPaused = false
    private var isClosed = false
    /// The latest call of ``apply(_:brokers:)``.
    private var change: Task<Void, Never>?

    /// - Parameter target: what takes the events of all but streaming subscriptions.
    public init(target: any EventTarget, context: DeliveryContext) {
        self.target = target
        self.context = context
    }

    /// What is subscribed now.
    public var subscriptions: [TopicSubscription] { running.map(\.subscription) + streams.values.map(\.subscription) }

    /// Makes the running subscriptions those of `wanted`. One that cannot be started is logged and left out.
    ///
    /// Calls are done one after the other: two at once would both start what is missing.
    public func apply(_ wanted: [TopicSubscription], brokers: [String: PubSubBinding]) async {
        let before = change
        let task = Task {
            await before?.value
            await bring(about: wanted, brokers: brokers)
        }
        change = task
        await task.value
        // A task that has ended still holds its memory.
        if change == task { change = nil }
    }

    private func bring(about wanted: [TopicSubscription], brokers: [String: PubSubBinding]) async {
        if isClosed { return }
        var kept: [RunningSubscription] = []
        var missing: [TopicSubscription] = []
        for subscription in wanted {
            let current = running.first { $0.subscription == subscription }
            if let current, brokers[subscription.pubsub].map({ $0.broker as AnyObject === current.broker as AnyObject }) ?? false {
                kept.append(current)
            } else {
                missing.append(subscription)
            }
        }
        let ended = running.filter { old in !kept.contains { $0 === old } }
        running = kept
        await withTaskGroup(of: Void.self) { group in
            for subscription in ended { group.addTask { await subscription.close() } }
        }
        // All at once: one that is slow does not hold up the others, and where the members of a group have to agree
        // about topics (Kafka), once is enough for all of them.
        await withTaskGroup(of: Void.self) { group in
            for subscription in missing { group.addTask { await self.begin(subscription, brokers: brokers) } }
        }
        running.sort { (wanted.firstIndex(of: $0.subscription) ?? 0) < (wanted.firstIndex(of: $1.subscription) ?? 0) }
    }

    private func begin(_ subscription: TopicSubscription, brokers: [String: PubSubBinding]) async {
        do {
            let started = try await start(subscription, brokers: brokers, target: target)
            guard !isClosed else { return await started.close() }
            running.append(started)
            context.logger.info("app is subscribed to \(subscription.topic) through pubsub=\(subscription.pubsub)")
            // What came between its start and now knew nothing of it.
            if isPaused { await started.pause() } else { await started.resume() }
        } catch {
            context.logger.error("failed to subscribe to \(subscription.topic) of \(subscription.pubsub): \(error)")
        }
    }

    /// Starts the subscription of a stream, which ends by ``end(_:)``.
    public func stream(
        _ subscription: TopicSubscription, brokers: [String: PubSubBinding], target: any EventTarget
    ) async throws -> RunningSubscription {
        if isClosed { throw CapabilityError(.closed, "the runtime is shutting down") }
        let started = try await start(subscription, brokers: brokers, target: target)
        streams[ObjectIdentifier(started)] = started
        return started
    }

    public func end(_ stream: RunningSubscription) async {
        streams[ObjectIdentifier(stream)] = nil
        await stream.close()
    }

    private func start(
        _ subscription: TopicSubscription, brokers: [String: PubSubBinding], target: any EventTarget
    ) async throws -> RunningSubscription {
        guard let binding = brokers[subscription.pubsub] else {
            throw CapabilityError(.notFound, "there is no pub/sub component \"\(subscription.pubsub)\"")
        }
        guard binding.scopes.allowsSubscription(to: subscription.topic) else {
            throw CapabilityError(.permissionDenied, "the app may not subscribe to the topic (see the component's scopes)")
        }
        let started = try RunningSubscription(subscription, binding: binding, target: target, context: context)
        try await started.start()
        // Streams have a client of their own, which the app's health says nothing about.
        if isPaused, subscription.origin != .streaming { await started.pause() }
        return started
    }

    /// Holds deliveries to the app back while it is unwell.
    public func setPaused(_ isPaused: Bool) async {
        guard isPaused != self.isPaused else { return }
        self.isPaused = isPaused
        for subscription in running { isPaused ? await subscription.pause() : await subscription.resume() }
    }

    /// Ends every subscription when its messages under way are settled.
    public func close() async {
        isClosed = true
        let all = running + streams.values
        running = []
        streams = [:]
        await withTaskGroup(of: Void.self) { group in
            for subscription in all { group.addTask { await subscription.close() } }
        }
    }
}
