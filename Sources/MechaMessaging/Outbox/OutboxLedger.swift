import Synchronization

/// The outbox messages whose transactions this process has under way, and how they ended.
final class OutboxLedger: Sendable {
    enum End: Sendable {
        /// Committed and published: nothing is left to do.
        case published
        /// Not committed: the message is void.
        case void
        /// Committed, but the event could not be published.
        case unpublished
    }

    /// Ends that are remembered, for internal messages that come late.
    static let rememberedAtMost = 100_000

    private struct State {
        var ends: [String: End?] = [:]
        var order: [String] = []
        var waiting: [String: [CheckedContinuation<End?, Never>]] = [:]
    }

    private let state = Mutex(State())

    func begin(_ ids: [String]) {
        state.withLock { state in
            for id in ids { state.ends[id] = .some(nil) }
        }
    }

    func end(_ ids: [String], _ end: End) {
        let waiting = state.withLock { state in
            var waiting: [CheckedContinuation<End?, Never>] = []
            for id in ids {
                state.ends[id] = end
                state.order.append(id)
                waiting += state.waiting.removeValue(forKey: id) ?? []
            }
            if state.order.count > Self.rememberedAtMost {
                for id in state.order.prefix(Self.rememberedAtMost / 10) { state.ends[id] = nil }
                state.order.removeFirst(Self.rememberedAtMost / 10)
            }
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: end) }
    }

    /// Waits for the end of a transaction of this process; nil when it is none of them.
    func outcome(of id: String) async -> End? {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> End?? in
                guard let entry = state.ends[id] else { return .some(nil) }
                if let end = entry { return .some(end) }
                state.waiting[id, default: []].append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
