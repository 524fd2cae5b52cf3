#if Kafka
import MechaCore

// Subscriptions come and go.
extension KafkaGroup {
    /// Adds a subscription. Returns when the group has partitions of the topic, or after ``joinTime``.
    func join(_ topic: String, maximumInFlight: Int, ordersByKey: Bool, _ handler: @escaping KafkaFeed.Handler) async -> KafkaFeed {
        let feed = state.withLock { state in
            state.lastID += 1
            let feed = KafkaFeed(id: state.lastID, topic: topic, holdsOrder: maximumInFlight == 1, group: self, handler: handler)
            state.topics[topic, default: Topic()].queue.join(
                feed, id: feed.id, maximumInFlight: maximumInFlight, ordersByKey: ordersByKey)
            state.topics[topic]?.pausedAt = nil
            return feed
        }
        let timer = Task { [self] in
            try await clock.sleep(for: Self.joinTime)
            joined(topic)
        }
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard state.topics[topic]?.wasAssigned == false, !state.isEnding else { return true }
                state.topics[topic]?.joining.append(continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
        timer.cancel()
        pump(topic)
        return feed
    }

    /// Ends the wait of the topic's subscriptions.
    func joined(_ topic: String) {
        let waiting = state.withLock { state in
            defer { state.topics[topic]?.joining = [] }
            return state.topics[topic]?.joining ?? []
        }
        for continuation in waiting { continuation.resume() }
    }

    func setPaused(_ isPaused: Bool, _ feed: KafkaFeed) {
        state.withLock { state in
            guard state.leaving[feed.id] == nil, state.topics[feed.topic] != nil else { return }
            state.topics[feed.topic]?.queue.setPaused(isPaused, feed.id)
            if state.topics[feed.topic]?.queue.hasActiveConsumers == true {
                state.topics[feed.topic]?.pausedAt = nil
            } else if state.topics[feed.topic]?.pausedAt == nil {
                state.topics[feed.topic]?.pausedAt = clock.monotonicNanoseconds()
            }
        }
        pump(feed.topic)
    }

    /// Ends a subscription: returns when its handlers have answered.
    func leave(_ feed: KafkaFeed) async {
        await withCheckedContinuation { continuation in
            let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                if state.leaving[feed.id] != nil {
                    state.leaving[feed.id]?.append(continuation)
                    return []
                }
                guard state.topics[feed.topic]?.queue.consumers.contains(where: { $0 === feed }) == true else { return [continuation] }
                state.leaving[feed.id] = [continuation]
                return state.topics[feed.topic]?.queue.leave(feed.id) == true ? gone(feed.id, feed.topic, &state) : []
            }
            for continuation in waiting { continuation.resume() }
        }
        // Others of the topic may take what was held for it.
        pump(feed.topic)
    }

    /// A subscription has nothing under way any more. Answers who waited for that.
    func gone(_ id: Int, _ topic: String, _ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let waiting = state.leaving.removeValue(forKey: id) ?? []
        guard state.topics[topic]?.queue.hasConsumers == false else { return waiting }
        // What was fetched and not handed over is the broker's again.
        return waiting + (state.topics.removeValue(forKey: topic)?.joining ?? [])
    }

    /// Whether nobody is subscribed any more.
    var isEmpty: Bool { state.withLock { $0.topics.isEmpty } }

    /// Every subscription, for the end of the component.
    var feeds: [KafkaFeed] { state.withLock { $0.topics.values.flatMap(\.queue.consumers) } }
}
#endif
