import MechaCore
import MechaInvocation
import MechaResiliency
import NIOCore
import Synchronization

/// Collects messages of one subscription and delivers them in one call (`bulkSubscribe`).
final class BulkDelivery: Sendable {
    private struct Waiting: Sendable {
        let message: IncomingMessage
        let continuation: CheckedContinuation<MessageOutcome, Never>
    }

    private struct State {
        var batch: [Waiting] = []
        /// Tells a timer whether its batch is still the one that waits.
        var number = 0
    }

    private let delivery: MessageDelivery
    private let bulk: TopicSubscription.Bulk
    private let state = Mutex(State())

    init(_ delivery: MessageDelivery, _ bulk: TopicSubscription.Bulk) {
        self.delivery = delivery
        self.bulk = bulk
    }

    /// Puts a message into the batch and answers when the batch was delivered.
    func deliver(_ message: IncomingMessage) async -> MessageOutcome {
        await withCheckedContinuation { continuation in
            let (full, timer) = state.withLock { state -> ([Waiting]?, Int?) in
                state.batch.append(Waiting(message: message, continuation: continuation))
                if state.batch.count >= bulk.maximumMessages { return (take(&state), nil) }
                return (nil, state.batch.count == 1 ? state.number : nil)
            }
            if let full { Task { await self.send(full) } }
            if let timer { Task { await self.sendLater(timer) } }
        }
    }

    /// Sends what waits now, as at the end of a subscription.
    func flush() async {
        let batch = state.withLock { take(&$0) }
        if !batch.isEmpty { await send(batch) }
    }

    private func take(_ state: inout State) -> [Waiting] {
        defer {
            state.batch = []
            state.number += 1
        }
        return state.batch
    }

    private func sendLater(_ number: Int) async {
        try? await delivery.context.clock.sleep(for: bulk.maximumWait)
        let batch = state.withLock { $0.number == number ? take(&$0) : [] }
        if !batch.isEmpty { await send(batch) }
    }

    /// One call per route; messages that come to none are settled alone.
    private func send(_ batch: [Waiting]) async {
        var groups: [EventRoute: [(Waiting, BulkTopicEvent.Entry)]] = [:]
        for waiting in batch {
            switch delivery.prepare(waiting.message) {
            case .success(let event):
                let content: BulkTopicEvent.Entry.Content =
                    delivery.options.isRaw ? .raw(waiting.message.data) : .event(event.event)
                groups[event.route, default: []].append(
                    (waiting, .init(entryID: RandomID.uuid(), content: content, metadata: event.metadata)))
            case .failure(let refusal):
                waiting.continuation.resume(returning: await delivery.settle(waiting.message, refusal.verdict))
            }
        }
        for (route, members) in groups { await send(members, to: route) }
    }

    private func send(_ members: [(Waiting, BulkTopicEvent.Entry)], to route: EventRoute) async {
        let context = delivery.context
        let started = context.clock.monotonicNanoseconds()
        let answers = Mutex([EventAnswer](repeating: .retry(.other), count: members.count))
        let pending = Mutex(Array(members.indices))
        // A further attempt of the policy takes only the entries that failed before.
        _ = await context.policy.run(component: delivery.binding.name, .pubsub) { [delivery] deadline in
            let indices = pending.withLock { $0 }
            let event = BulkTopicEvent(
                id: RandomID.uuid(), pubsub: delivery.binding.name, topic: delivery.subscription.topic, route: route,
                entries: indices.map { members[$0].1 }, metadata: delivery.subscription.metadata)
            let results: [EventAnswer]
            do throws(InvocationError) {
                results = try await delivery.target.deliver(event, deadline: deadline)
            } catch {
                return .failed(.other, error.message)
            }
            answers.withLock { answers in
                for (position, index) in indices.enumerated() { answers[index] = results[position] }
            }
            let failures = zip(indices, results).compactMap { index, result -> (Int, CallFailure)? in
                if case .retry(let failure) = result { (index, failure) } else { nil }
            }
            pending.withLock { $0 = failures.map(\.0) }
            guard let first = failures.first else { return .success }
            return .failed(first.1, "\(failures.count) of \(results.count) events are to be delivered again")
        }
        let final = answers.withLock { $0 }
        for (index, member) in members.enumerated() {
            let verdict: MessageDelivery.Verdict =
                switch final[index] {
                case .success: .success
                case .drop: .dropped("the subscriber refused it")
                case .retry: .failed("the subscriber asked for another delivery")
                }
            member.0.continuation.resume(returning: await delivery.settle(member.0.message, verdict))
        }
        let (drop, retry) = final.reduce(into: (0, 0)) { counts, answer in
            switch answer {
            case .success: break
            case .drop: counts.0 += 1
            case .retry: counts.1 += 1
            }
        }
        delivery.metrics.bulkDelivered(
            success: final.count - drop - retry, retry: retry, drop: drop,
            nanoseconds: context.clock.monotonicNanoseconds() - started)
    }
}
