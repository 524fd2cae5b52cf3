import MechaCore
import MechaWire
import NIOCore
import Synchronization

/// `pubsub.in-memory`: a broker inside this process, shared by its apps. Nothing survives the process.
///
/// A publication from an event loop starts the handler there and then, in a task that stays on that loop: no
/// thread is changed and nothing waits in between. The lock is held for look-ups and queue operations only.
public final class InMemoryPubSub: PubSub {
    /// Messages that one task hands over before it lets others have the loop.
    private static let handoversPerTurn = 32

    private let clock: any MechaClock
    private let bus: Mutex<InMemoryBus>
    private let alarm = Mutex<Alarm?>(nil)

    init(_ limits: InMemoryLimits = InMemoryLimits(), clock: any MechaClock) {
        self.clock = clock
        bus = Mutex(InMemoryBus(limits: limits))
    }

    public var features: PubSubFeatures { Self.features }

    static let features: PubSubFeatures = [.messageTTL, .subscribeWildcards, .bulk, .delayedDelivery, .keyOrder]

    public var status: ComponentStatus { bus.withLock { $0.isClosed } ? ComponentStatus(.closed) : .ready }

    public func start() async throws {
        let alarm = Alarm(clock: clock) { [weak self] in self?.ring() }
        self.alarm.withLock { $0 = alarm }
    }

    public func close() async {
        alarm.withLock { $0 }?.end()
        let feeds = bus.withLock { bus in
            bus.close()
            return bus.feeds
        }
        for feed in feeds { await leave(feed) }
    }

    // MARK: - Publishing

    public func publish(_ message: OutgoingMessage) async throws {
        perform(try bus.withLock { bus in (try bus.publish(message, at: now), bus.nextDue) })
    }

    public func publish(_ messages: [OutgoingMessage]) async throws -> [(any Error)?] {
        var outcomes: [(any Error)?] = []
        outcomes.reserveCapacity(messages.count)
        for message in messages {
            do {
                try await publish(message)
                outcomes.append(nil)
            } catch {
                outcomes.append(error)
            }
        }
        return outcomes
    }

    // MARK: - Subscribing

    public func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed {
        guard !request.topic.isEmpty else { throw CapabilityError(.invalidArgument, "the topic is empty") }
        let (feed, handovers, due) = try bus.withLock { bus in
            let group = try bus.group(request)
            let feed = InMemoryFeed(id: bus.nextFeedID(), request, group: group, broker: self, handler: handler)
            return (feed, bus.join(feed, request, at: now), bus.nextDue)
        }
        perform((handovers, due))
        return feed
    }

    func setPaused(_ isPaused: Bool, _ feed: InMemoryFeed) {
        perform(bus.withLock { bus in (bus.setPaused(isPaused, feed, at: now), bus.nextDue) })
    }

    func leave(_ feed: InMemoryFeed) async {
        await withCheckedContinuation { continuation in
            perform(bus.withLock { bus in (bus.leave(feed, at: now, waiter: continuation), bus.nextDue) })
        }
    }

    // MARK: - Handing over

    private var now: InMemoryBus.Moment { InMemoryBus.Moment(wall: clock.now(), monotonic: clock.monotonicNanoseconds()) }

    private func ring() { perform(bus.withLock { bus in (bus.ring(at: now), bus.nextDue) }) }

    private func perform(_ result: (handovers: InMemoryHandovers, due: UInt64?)) {
        if let first = result.handovers.first { start(first) }
        for other in result.handovers.others { start(other) }
        for waiter in result.handovers.left { waiter.resume() }
        if let due = result.due { alarm.withLock { $0 }?.set(due: due) }
    }

    private func start(_ handover: InMemoryHandover) {
        if let context = LoopContext.current {
            context.start { await self.deliver(handover) }
        } else {
            Task.detached { await self.deliver(handover) }
        }
    }

    /// The next message for who was handed one. Apart, since the lists would lie in the frame of the task.
    @inline(never)
    private func answered(_ handover: InMemoryHandover, _ outcome: MessageOutcome) -> InMemoryHandover? {
        var (handovers, due) = bus.withLock { bus in (bus.answered(handover, outcome, at: now), bus.nextDue) }
        let next = handovers.first.take()
        perform((handovers, due))
        return next
    }

    /// Hands over one message, and then those that its answer makes room for.
    private func deliver(_ handover: InMemoryHandover) async {
        var handover = handover
        var served = 0
        while true {
            let outcome = await handover.feed.handler(handover.entry.message.incoming)
            guard let next = answered(handover, outcome) else { return }
            handover = next
            served += 1
            if served % Self.handoversPerTurn == 0 { await Task.yield() }
        }
    }
}
