import Logging
import MechaCore
import MechaWire
import NIOCore
import Synchronization

/// `pubsub.sqlite`: durable messages in one file, safely shared by several processes of a host. The broker that apps
/// get when they name none.
///
/// Callers add to a backlog; one thread takes all of it into a transaction (``BusRound``) and tells everybody when it
/// is committed. Nothing runs, and no file is opened, before the first publication or subscription.
public final class SQLitePubSub: PubSub {
    let limits: BusLimits
    let clock: any MechaClock
    private let worker: SQLiteWorker
    private let location: SQLiteLocation
    private let eventLoopGroup: any EventLoopGroup
    private let logger: Logger
    /// Touched by the round under way only.
    nonisolated(unsafe) let store: BusStore
    private let backlog = Mutex(BusBacklog())
    private let state = Mutex(State())
    private let alarm = Mutex<Alarm?>(nil)

    private struct Name: Hashable {
        var topic: ExactKey
        var group: ExactKey
    }

    private struct State {
        var subscriptions: [Name: BusSubscription] = [:]
        var lastFeed = 0
        var isUsed = false
        var isClosed = false
        var pipe: WakePipe?
        var opening: Task<WakePipe?, Never>?
        var check: Task<Void, Never>?
    }

    init(_ options: SQLiteOptions, limits: BusLimits, environment: ComponentEnvironment) {
        var options = options
        options.hasReadingThread = false
        // Every message is removed soon, and would be written twice.
        options.erasesFreedPages = false
        options.prepare = { try BusTables.prepare($0, maximumFileBytes: limits.maximumFileBytes) }
        self.limits = limits
        clock = environment.clock
        logger = environment.logger
        eventLoopGroup = environment.eventLoopGroup
        location = options.location
        worker = SQLiteWorker(options, logger: environment.logger)
        store = BusStore(wakes: options.location.path.map(WakeSender.init(database:)))
    }

    public var features: PubSubFeatures { Self.features }

    static let features: PubSubFeatures = [.messageTTL, .subscribeWildcards, .bulk, .delayedDelivery, .keyOrder]

    /// Ready before the first use: nothing is opened until then.
    public var status: ComponentStatus {
        let (isUsed, isClosed) = state.withLock { ($0.isUsed, $0.isClosed) }
        return isClosed ? ComponentStatus(.closed) : isUsed ? worker.status : .ready
    }

    public func start() async throws {
        let alarm = Alarm(clock: clock) { [weak self] in self?.ring() }
        self.alarm.withLock { $0 = alarm }
    }

    public func close() async {
        let subscriptions = state.withLock { state in
            state.isClosed = true
            return Array(state.subscriptions.values)
        }
        await withTaskGroup { group in
            for feed in subscriptions.flatMap(\.feeds) { group.addTask { await self.leave(feed) } }
        }
        let (check, opening) = state.withLock { ($0.check, $0.opening) }
        check?.cancel()
        alarm.withLock { $0 }?.end()
        if state.withLock({ $0.isUsed }) { await flush() }
        backlog.withLock { $0.isClosed = true }
        await worker.close()
        await opening?.value?.close()
    }

    // MARK: - Publishing

    public func publish(_ message: OutgoingMessage) async throws {
        try use()
        let body = try BusMessage(message, at: clock.now())
        try await withUnsafeThrowingContinuation { continuation in
            do {
                let publication = CollectionOfOne(BusPublication(body: body, waiter: .one(continuation)))
                pump(try backlog.withLock { try $0.add(publication, limits) })
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    public func publish(_ messages: [OutgoingMessage]) async throws -> [(any Error)?] {
        guard !messages.isEmpty else { return [] }
        try use()
        let receipt = BusReceipt(count: messages.count)
        let now = clock.now()
        return await receipt.outcomes {
            var publications: [BusPublication] = []
            publications.reserveCapacity(messages.count)
            for (index, message) in messages.enumerated() {
                do {
                    publications.append(BusPublication(body: try BusMessage(message, at: now), waiter: .many(receipt, index)))
                } catch {
                    receipt.settle(index, error)
                }
            }
            guard !publications.isEmpty else { return }
            do {
                pump(try backlog.withLock { try $0.add(publications, limits) })
            } catch {
                for publication in publications { publication.settle(error) }
            }
        }
    }

    // MARK: - Subscribing

    public func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed {
        guard !request.topic.isEmpty else { throw CapabilityError(.invalidArgument, "the topic is empty") }
        try use()
        await listen()
        let feed = try state.withLock { state in
            guard !state.isClosed else { throw CapabilityError(.closed, "the broker is closed") }
            let name = Name(topic: ExactKey(request.topic), group: ExactKey(request.consumerGroup))
            let subscription =
                state.subscriptions[name]
                ?? BusSubscription(topic: request.topic, group: request.consumerGroup, loop: eventLoopGroup.next())
            state.subscriptions[name] = subscription
            state.lastFeed += 1
            let feed = BusFeed(id: state.lastFeed, subscription: subscription, bus: self, handler: handler)
            subscription.join(feed, request)
            return feed
        }
        await withCheckedContinuation { continuation in
            pump(backlog.withLock { $0.add(.join(feed.subscription, continuation)) })
        }
        return feed
    }

    func setPaused(_ isPaused: Bool, _ feed: BusFeed) {
        perform(feed.subscription.setPaused(isPaused, feed, at: clock.now().milliseconds), for: feed.subscription)
        if !isPaused { pump(backlog.withLock { $0.wakeAll() }) }
    }

    func leave(_ feed: BusFeed) async {
        let subscription = feed.subscription
        await withCheckedContinuation { continuation in
            perform(subscription.leave(feed, at: clock.now().milliseconds, waiter: continuation), for: subscription)
        }
        pump(backlog.withLock { $0.add(.part(subscription)) })
        await flush()
        state.withLock { state in
            let name = Name(topic: ExactKey(subscription.topic), group: ExactKey(subscription.group))
            if state.subscriptions[name] === subscription, !subscription.hasConsumers { state.subscriptions[name] = nil }
        }
    }

    /// Returns when everything that was settled before is in the file.
    private func flush() async {
        await withCheckedContinuation { continuation in pump(backlog.withLock { $0.add(.flush(continuation)) }) }
    }

    // MARK: - First use

    private func use() throws {
        let isFirst = try state.withLock { state in
            guard !state.isClosed else { throw CapabilityError(.closed, "the broker is closed") }
            defer { state.isUsed = true }
            return !state.isUsed
        }
        // A folder that cannot be made, or a file that cannot be opened, is told by the first call that needs it.
        if isFirst { try worker.start() }
    }

    /// What other processes wake this one by; empty where that is not to be had.
    var wakeName: String { state.withLock { $0.pipe?.name ?? "" } }

    /// Makes the pipe and begins to look for processes that ended.
    private func listen() async {
        let opening = state.withLock { state in
            if let opening = state.opening { return opening }
            let opening = Task { await self.openPipe() }
            state.opening = opening
            state.check = Task { await self.checkAgainAndAgain() }
            return opening
        }
        _ = await opening.value
    }

    private func openPipe() async -> WakePipe? {
        guard let path = location.path else { return nil }
        // The file and its folder are there when a call has been answered.
        await flush()
        do {
            let pipe = try await WakePipe(beside: path, group: eventLoopGroup) { [weak self] in self?.wake() }
            state.withLock { $0.pipe = pipe }
            return pipe
        } catch {
            logger.warning(
                "messages of other processes are looked for every \(limits.checkInterval) only", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func checkAgainAndAgain() async {
        while true {
            do { try await clock.sleep(for: limits.checkInterval) } catch { return }
            pump(backlog.withLock { $0.add(.check) })
            if state.withLock({ $0.pipe == nil }) { wake() }
        }
    }

    // MARK: - Rounds

    private func pump(_ isNeeded: Bool) {
        if isNeeded { worker.submit(BusRound(deadline: worker.deadlineOfCalls, bus: self)) }
    }

    func takeWork() -> BusWork {
        let work = backlog.withLock { $0.take() }
        if work.wakesAll { store.dirty.formUnion(store.local.keys) }
        return work
    }

    func putBack(_ settlements: [BusSettlement], _ commands: [BusCommand], wakesAll: Bool, atOnce: Bool) {
        backlog.withLock { $0.putBack(settlements, commands, wakesAll: wakesAll, atOnce: atOnce) }
    }

    /// `success(true)` asks for another round in any case.
    func roundEnded(_ result: Result<Bool, any Error>) {
        switch result {
        case .success(let goesOn):
            pump(backlog.withLock { backlog in backlog.roundEnded(failed: false) || (goesOn && backlog.wakeAll()) })
        case .failure(let error):
            pump(backlog.withLock { $0.roundEnded(failed: true) })
            if (error as? CapabilityError)?.code == .closed { return }
            let pause = UInt64(BusLimits.retryPause.wholeNanoseconds)
            alarm.withLock { $0 }?.set(due: clock.monotonicNanoseconds() + pause)
        }
    }

    /// Transactions so far.
    var commits: Int { worker.commits }

    /// Those that made publications durable.
    package let publishingCommits = Atomic(0)

    func wake() { pump(backlog.withLock { $0.wakeAll() }) }

    /// At a time in milliseconds since 1970.
    func wakeUp(at due: Int64) {
        let left = max(0, due - clock.now().milliseconds)
        alarm.withLock { $0 }?.set(due: clock.monotonicNanoseconds() + UInt64(left) * 1_000_000)
    }

    private func ring() {
        let now = clock.now().milliseconds
        for subscription in state.withLock({ Array($0.subscriptions.values) }) {
            perform(subscription.ring(at: now), for: subscription)
            if let due = subscription.nextKeptDue { wakeUp(at: Int64(clamping: due)) }
        }
        wake()
    }

    // MARK: - Handing over

    func take(_ entries: [BusSubscription.Queue.Entry], for subscription: BusSubscription) {
        let effects = subscription.take(entries, at: clock.now().milliseconds, monotonic: clock.monotonicNanoseconds())
        perform(effects, for: subscription)
    }

    private func perform(_ effects: BusSubscription.Effects, for subscription: BusSubscription) {
        if !effects.settlements.isEmpty { pump(backlog.withLock { $0.add(effects.settlements) }) }
        if effects.isIdle, subscription.ordersByKey { pump(backlog.withLock { $0.add(.release(subscription)) }) }
        for settlement in effects.settlements {
            if case .kept(let due) = settlement.outcome { wakeUp(at: due) }
        }
        start(effects.handovers, for: subscription)
        if effects.leavesSettlements { subscription.loop.execute { self.perform(subscription.takeSettlements(), for: subscription) } }
        for waiter in effects.left { waiter.resume() }
    }

    private func start(_ handovers: [BusHandover], for subscription: BusSubscription) {
        guard !handovers.isEmpty else { return }
        subscription.loop.execute {
            guard let context = LoopContext.current else {
                for handover in handovers { Task.detached { await self.deliver(handover, nil) } }
                return
            }
            let courier = subscription.courier
            courier.waiting.append(contentsOf: handovers)
            // One that ends without waiting for anything goes on with the next itself.
            while let handover = courier.waiting.popFirst() { context.start { await self.deliver(handover, courier) } }
        }
    }

    /// Hands over one message, and then those that wait or that its answer makes room for.
    private func deliver(_ handover: BusHandover, _ courier: BusCourier?) async {
        var handover = handover
        while true {
            let outcome = await handover.feed.handler(handover.entry.message.incoming)
            let subscription = handover.feed.subscription
            var effects = subscription.answered(
                handover, outcome, at: clock.now().milliseconds, pause: limits.redeliveryPause.wholeMilliseconds)
            let next = effects.handovers.isEmpty ? nil : effects.handovers.removeFirst()
            perform(effects, for: subscription)
            guard let next = next ?? courier?.waiting.popFirst() else { return }
            handover = next
        }
    }
}
