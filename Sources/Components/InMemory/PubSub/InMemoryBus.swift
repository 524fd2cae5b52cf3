import MechaCore

/// Groups, their messages and what is to happen later: knows no lock, clock or task. Every call is told the time.
struct InMemoryBus {
    /// What happens when its time has come.
    private enum Later {
        /// A delayed message is due, or one that was not acknowledged; the consumer that is held for it.
        case deliver(InMemoryGroup, DeliveryQueue<InMemoryMessage, InMemoryFeed>.Entry, heldFeed: Int?)
        case retire(InMemoryGroup)
    }

    /// The wall clock for expiry, the monotonic one for pauses.
    struct Moment {
        var wall: Timestamp
        var monotonic: UInt64
    }

    let limits: InMemoryLimits
    private(set) var isClosed = false
    private var groups: [InMemoryGroup.Name: InMemoryGroup] = [:]
    private var exact: [ExactKey: [InMemoryGroup]] = [:]
    private var patterns: [InMemoryGroup] = []
    private var later = DueQueue<Later>()
    private var lastFeed = 0

    init(limits: InMemoryLimits) { self.limits = limits }

    /// When ``ring(at:)`` is to be called; nil for never.
    var nextDue: UInt64? { later.earliest }

    var feeds: [InMemoryFeed] { groups.values.flatMap(\.queue.consumers) }

    // MARK: - Publishing

    /// Puts a copy into every group of the topic, or throws and puts it into none. A topic without groups keeps nothing.
    mutating func publish(_ message: OutgoingMessage, at now: Moment) throws -> InMemoryHandovers {
        guard !isClosed else { throw CapabilityError(.closed, "the broker is closed") }
        var (expiresAt, key, delay): (Timestamp?, String?, Duration?)
        if !message.metadata.isEmpty {
            expiresAt = try message.timeToLive.map { now.wall + $0 }
            delay = try message.delay
            key = message.partitionKey
        }
        var handovers = InMemoryHandovers()
        let exact = exact[ExactKey(message.topic)] ?? []
        let matching = patterns.isEmpty ? exact : exact + patterns.filter { $0.pattern.matches(message.topic) }
        for group in matching { try checkRoom(for: message, in: group, at: now) }
        for group in matching {
            let item = InMemoryMessage(message: message, expiresAt: expiresAt)
            let entry = DeliveryQueue<InMemoryMessage, InMemoryFeed>.Entry(item, key: group.queue.ordersByKey ? key : nil)
            group.bytes += item.bytes
            if let delay {
                group.postponed += 1
                later.insert(.deliver(group, entry, heldFeed: nil), due: now.monotonic + UInt64(max(0, delay.wholeNanoseconds)))
            } else {
                group.queue.append(entry)
                handOver(group, &handovers, at: now)
            }
        }
        return handovers
    }

    private func checkRoom(for message: OutgoingMessage, in group: InMemoryGroup, at now: Moment) throws {
        let bytes = InMemoryMessage.bytes(message)
        if hasRoom(group, bytes) { return }
        group.queue.removeWaiting { item in
            guard item.isExpired(at: now.wall) else { return false }
            group.bytes -= item.bytes
            return true
        }
        if hasRoom(group, bytes) { return }
        throw CapabilityError(
            .resourceExhausted,
            "consumer group \(group.name.group.text) has \(group.queue.count + group.postponed) messages of \(group.bytes) bytes waiting; at most \(limits.maximumQueuedMessages) (metadata maxQueuedMessages) of \(limits.maximumQueuedBytes) bytes (maxQueuedBytes)"
        )
    }

    private func hasRoom(_ group: InMemoryGroup, _ bytes: Int) -> Bool {
        group.queue.count + group.postponed < limits.maximumQueuedMessages && group.bytes + bytes <= limits.maximumQueuedBytes
    }

    /// Takes what can be handed over now.
    private mutating func handOver(_ group: InMemoryGroup, _ handovers: inout InMemoryHandovers, at now: Moment) {
        while let (id, feed, handedOut) = group.queue.next() {
            var entry = handedOut
            group.bytes -= entry.message.bytes
            if entry.message.isExpired(at: now.wall) {
                if group.queue.finish(id, entry) { gone(id, group, &handovers, at: now) }
                continue
            }
            entry.message.attempts += 1
            if entry.message.firstDelivered == nil { entry.message.firstDelivered = now.wall }
            handovers.append(InMemoryHandover(group: group, feed: feed, entry: entry))
        }
    }

    // MARK: - Answers

    /// A handler has answered. The handovers are those that its place makes possible.
    mutating func answered(_ handover: InMemoryHandover, _ outcome: MessageOutcome, at now: Moment) -> InMemoryHandovers {
        let (group, feed, entry) = (handover.group, handover.feed, handover.entry)
        let isGone: Bool
        switch outcome {
        case .acknowledge: isGone = group.queue.finish(feed.id, entry)
        case .redeliver:
            isGone = group.queue.postpone(feed.id, entry, holdsConsumer: feed.isStrict)
            group.postponed += 1
            group.bytes += entry.message.bytes
            later.insert(
                .deliver(group, entry, heldFeed: feed.isStrict ? feed.id : nil),
                due: now.monotonic + UInt64(limits.redeliveryPause.wholeNanoseconds))
        }
        var handovers = InMemoryHandovers()
        if isGone { gone(feed.id, group, &handovers, at: now) }
        handOver(group, &handovers, at: now)
        return handovers
    }

    /// Does what is due.
    mutating func ring(at now: Moment) -> InMemoryHandovers {
        var handovers = InMemoryHandovers()
        while let event = later.popDue(at: now.monotonic) {
            switch event {
            case .deliver(let group, let entry, let heldFeed):
                group.postponed -= 1
                group.queue.comeBack(entry, for: heldFeed)
                handOver(group, &handovers, at: now)
            case .retire(let group):
                guard let since = group.emptySince, since + UInt64(limits.groupRetention.wholeNanoseconds) <= now.monotonic else {
                    continue
                }
                remove(group)
            }
        }
        return handovers
    }

    // MARK: - Consumers

    mutating func nextFeedID() -> Int {
        lastFeed += 1
        return lastFeed
    }

    mutating func group(_ request: SubscriptionRequest) throws -> InMemoryGroup {
        guard !isClosed else { throw CapabilityError(.closed, "the broker is closed") }
        let name = InMemoryGroup.Name(topic: ExactKey(request.topic), group: ExactKey(request.consumerGroup))
        if let group = groups[name] { return group }
        let group = InMemoryGroup(name)
        groups[name] = group
        if group.pattern.isPattern { patterns.append(group) } else { exact[name.topic, default: []].append(group) }
        return group
    }

    mutating func join(_ feed: InMemoryFeed, _ request: SubscriptionRequest, at now: Moment) -> InMemoryHandovers {
        let group = feed.group
        group.emptySince = nil
        group.queue.join(feed, id: feed.id, maximumInFlight: request.maximumInFlight, ordersByKey: request.ordersByKey)
        var handovers = InMemoryHandovers()
        handOver(group, &handovers, at: now)
        return handovers
    }

    mutating func setPaused(_ isPaused: Bool, _ feed: InMemoryFeed, at now: Moment) -> InMemoryHandovers {
        feed.group.queue.setPaused(isPaused, feed.id)
        var handovers = InMemoryHandovers()
        handOver(feed.group, &handovers, at: now)
        return handovers
    }

    /// Resumes `waiter`, through the answer of this or of a later call, when no handler of the feed is under way.
    mutating func leave(_ feed: InMemoryFeed, at now: Moment, waiter: CheckedContinuation<Void, Never>) -> InMemoryHandovers {
        var handovers = InMemoryHandovers()
        feed.group.leaving[feed.id, default: []].append(waiter)
        if feed.group.queue.leave(feed.id) { gone(feed.id, feed.group, &handovers, at: now) }
        return handovers
    }

    mutating func close() {
        isClosed = true
        later = DueQueue()
    }

    private mutating func gone(_ id: Int, _ group: InMemoryGroup, _ handovers: inout InMemoryHandovers, at now: Moment) {
        handovers.left += group.leaving.removeValue(forKey: id) ?? []
        guard !group.queue.hasConsumers, !isClosed else { return }
        group.emptySince = now.monotonic
        later.insert(.retire(group), due: now.monotonic + UInt64(limits.groupRetention.wholeNanoseconds))
    }

    private mutating func remove(_ group: InMemoryGroup) {
        groups[group.name] = nil
        patterns.removeAll { $0 === group }
        exact[group.name.topic]?.removeAll { $0 === group }
        if exact[group.name.topic]?.isEmpty == true { exact[group.name.topic] = nil }
    }
}
