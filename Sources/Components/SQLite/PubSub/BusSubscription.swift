import MechaCore
import NIOCore
import Synchronization

/// A consumer group on a topic or pattern, as this process has it: its feeds and the messages claimed for them.
final class BusSubscription: Sendable {
    typealias Queue = DeliveryQueue<BusItem, BusFeed>

    /// What a call sets off, done after the lock is let go.
    struct Effects: Sendable {
        var handovers: [BusHandover] = []
        var settlements: [BusSettlement] = []
        /// Settlements were left to be taken together with those that follow (``takeSettlements()``), on the loop's next turn.
        var leavesSettlements = false
        /// Those that waited for a feed which is gone now.
        var left: [CheckedContinuation<Void, Never>] = []
        /// No feed takes messages, and none has any.
        var isIdle = false
    }

    private struct State {
        var queue = Queue()
        /// Refused messages that come back here, because an order is kept; due in milliseconds since 1970.
        var kept = DueQueue<(entry: Queue.Entry, heldFeed: Int?)>()
        var leaving: [Int: [CheckedContinuation<Void, Never>]] = [:]
        var strictFeeds: Set<Int> = []
        /// What has become of messages and nobody was told yet.
        var settlements: [BusSettlement] = []
        /// Somebody will call ``takeSettlements()``.
        var leavesSettlements = false
        /// Messages to claim ahead of the handlers: more while they are quick.
        var ahead = 0
        var lastClaim: UInt64 = 0
    }

    let topic: String
    let group: String
    let loop: any EventLoop
    let courier = BusCourier()
    private let state = Mutex(State())
    /// Row of the table `subscriptions`. Touched by the round under way only.
    nonisolated(unsafe) var row: Int64?

    init(topic: String, group: String, loop: any EventLoop) {
        self.topic = topic
        self.group = group
        self.loop = loop
    }

    var hasConsumers: Bool { state.withLock { $0.queue.hasConsumers } }
    var feeds: [BusFeed] { state.withLock { $0.queue.consumers } }
    /// Only one process at a time may consume, so that keys keep their order.
    var ordersByKey: Bool { state.withLock { $0.queue.ordersByKey } }
    /// What was handed over once comes before everything new.
    var keepsOrder: Bool { state.withLock { $0.queue.ordersByKey || !$0.strictFeeds.isEmpty } }

    func join(_ feed: BusFeed, _ request: SubscriptionRequest) {
        state.withLock { state in
            state.queue.join(feed, id: feed.id, maximumInFlight: request.maximumInFlight, ordersByKey: request.ordersByKey)
            if request.maximumInFlight == 1 { state.strictFeeds.insert(feed.id) }
        }
    }

    // MARK: - Claiming

    /// How many messages to claim now.
    func demand(at monotonic: UInt64) -> Int {
        state.withLock { state in
            let capacity = state.queue.capacity
            guard capacity > 0 else { return 0 }
            let held = state.queue.count + state.queue.inFlight + state.kept.count
            // While handlers are free, what waits does so for its key, and is no reason to let other keys wait.
            let isKeyed = state.queue.ordersByKey && state.queue.inFlight < capacity
            let outstanding = isKeyed ? state.queue.inFlight : held
            if outstanding == 0, state.ahead > 0, monotonic < state.lastClaim + 100_000_000 {
                state.ahead = min(BusLimits.maximumClaimedMessages, state.ahead * 2)
            } else if monotonic > state.lastClaim + 1_000_000_000 {
                state.ahead = 0
            }
            state.ahead = min(BusLimits.maximumClaimedMessages, max(state.ahead, capacity))
            let wanted = min(state.ahead - outstanding, BusLimits.maximumClaimedMessages - held)
            guard wanted > 0 else { return 0 }
            guard outstanding == 0 || wanted >= max(1, state.ahead / 4) else { return 0 }
            return wanted
        }
    }

    /// Takes what was claimed.
    func take(_ items: [Queue.Entry], at now: Int64, monotonic: UInt64) -> Effects {
        state.withLock { state in
            state.lastClaim = monotonic
            for item in items { state.queue.append(item) }
            var effects = Effects()
            if state.queue.hasActiveConsumers { handOver(&state, &effects, at: now) } else { giveBack(&state, &effects, at: now) }
            drain(&state, &effects)
            return effects
        }
    }

    /// Forgets what waits: others may have it by now.
    func dropWaiting() {
        state.withLock { state in
            _ = state.queue.removeWaiting()
            while let (_, heldFeed) = state.kept.popDue(at: .max) { release(heldFeed, &state) }
        }
    }

    private func release(_ heldFeed: Int?, _ state: inout State) {
        if let heldFeed { state.queue.release(heldFeed) }
    }

    // MARK: - Handing over

    func answered(_ handover: BusHandover, _ outcome: MessageOutcome, at now: Int64, pause: Int64) -> Effects {
        state.withLock { state in
            let (feed, entry) = (handover.feed, handover.entry)
            var effects = Effects()
            let isStrict = state.strictFeeds.contains(feed.id)
            let keeps = entry.key != nil && state.queue.ordersByKey || isStrict
            let isGone: Bool
            switch outcome {
            case .acknowledge:
                state.settlements.append(BusSettlement(subscription: self, item: entry.message, outcome: .done))
                isGone = state.queue.finish(feed.id, entry)
            case .redeliver where keeps:
                state.settlements.append(BusSettlement(subscription: self, item: entry.message, outcome: .kept(due: now + pause)))
                isGone = state.queue.postpone(feed.id, entry, holdsConsumer: isStrict)
                var entry = entry
                entry.message.claim = nil
                state.kept.insert((entry, isStrict ? feed.id : nil), due: UInt64(max(0, now + pause)))
            case .redeliver:
                state.settlements.append(BusSettlement(subscription: self, item: entry.message, outcome: .deferred(due: now + pause)))
                isGone = state.queue.finish(feed.id, entry)
            }
            if isGone { gone(feed.id, &state, &effects) }
            if state.queue.hasActiveConsumers { handOver(&state, &effects, at: now) } else { giveBack(&state, &effects, at: now) }
            // Acknowledgements can wait for the next turn of the loop, unless somebody waits for them.
            if outcome == .acknowledge, !effects.isIdle, effects.left.isEmpty {
                effects.leavesSettlements = !state.leavesSettlements
                state.leavesSettlements = true
            } else {
                drain(&state, &effects)
            }
            return effects
        }
    }

    /// What was left to be told.
    func takeSettlements() -> Effects {
        state.withLock { state in
            state.leavesSettlements = false
            var effects = Effects()
            drain(&state, &effects)
            return effects
        }
    }

    private func drain(_ state: inout State, _ effects: inout Effects) {
        if state.settlements.isEmpty { return }
        effects.settlements = state.settlements
        state.settlements.removeAll()
    }

    /// Brings back what is due.
    func ring(at now: Int64) -> Effects {
        state.withLock { state in
            var effects = Effects()
            while let (entry, heldFeed) = state.kept.popDue(at: UInt64(max(0, now))) { state.queue.comeBack(entry, for: heldFeed) }
            handOver(&state, &effects, at: now)
            drain(&state, &effects)
            return effects
        }
    }

    /// When ``ring(at:)`` is to be called, in milliseconds since 1970.
    var nextKeptDue: UInt64? { state.withLock { $0.kept.earliest } }

    private func handOver(_ state: inout State, _ effects: inout Effects, at now: Int64) {
        while let (id, feed, handedOut) = state.queue.next() {
            var entry = handedOut
            if entry.message.body.isExpired(at: now) {
                state.settlements.append(BusSettlement(subscription: self, item: entry.message, outcome: .done))
                if state.queue.finish(id, entry) { gone(id, &state, &effects) }
                continue
            }
            entry.message.attempts += 1
            if entry.message.firstDelivered == nil { entry.message.firstDelivered = now }
            effects.handovers.append(BusHandover(feed: feed, entry: entry))
        }
    }

    // MARK: - Pausing and leaving

    func setPaused(_ isPaused: Bool, _ feed: BusFeed, at now: Int64) -> Effects {
        state.withLock { state in
            state.queue.setPaused(isPaused, feed.id)
            return settleDown(&state, at: now)
        }
    }

    /// Resumes `waiter`, through the effects of this or of a later call, when no handler of the feed is under way.
    func leave(_ feed: BusFeed, at now: Int64, waiter: CheckedContinuation<Void, Never>) -> Effects {
        state.withLock { state in
            state.leaving[feed.id, default: []].append(waiter)
            let isGone = state.queue.leave(feed.id)
            var effects = settleDown(&state, at: now)
            if isGone { gone(feed.id, &state, &effects) }
            return effects
        }
    }

    private func settleDown(_ state: inout State, at now: Int64) -> Effects {
        var effects = Effects()
        if state.queue.hasActiveConsumers { handOver(&state, &effects, at: now) } else { giveBack(&state, &effects, at: now) }
        drain(&state, &effects)
        return effects
    }

    /// Lets other processes have what waits here.
    private func giveBack(_ state: inout State, _ effects: inout Effects, at now: Int64) {
        effects.isIdle = state.queue.inFlight == 0
        for entry in state.queue.removeWaiting() {
            state.settlements.append(BusSettlement(subscription: self, item: entry.message, outcome: .deferred(due: now)))
        }
        while let (entry, heldFeed) = state.kept.popDue(at: .max) {
            release(heldFeed, &state)
            state.queue.forgetKey(of: entry)
            state.settlements.append(BusSettlement(subscription: self, item: entry.message, outcome: .deferred(due: now)))
        }
    }

    private func gone(_ id: Int, _ state: inout State, _ effects: inout Effects) {
        state.strictFeeds.remove(id)
        effects.left += state.leaving.removeValue(forKey: id) ?? []
    }
}
