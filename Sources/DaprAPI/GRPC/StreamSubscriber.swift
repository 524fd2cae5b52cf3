import MechaCore
import MechaInvocation
import MechaProto
import NIOCore
import Synchronization

/// The client of a subscription stream as a taker of events: sends each and waits for its answer.
final class StreamSubscriber: EventTarget {
    typealias Event = Dapr_Proto_Runtime_V1_TopicEventRequest
    private typealias Waiter = CheckedContinuation<EventAnswer?, Never>

    private struct State {
        /// By event id, in the order in which they were sent: ids of events are the senders', and may repeat.
        var waiting: [String: [Waiter]] = [:]
        var hasEnded = false
    }

    /// What is to be sent; bounded by what the broker hands over at once.
    let outgoing: AsyncStream<Event>
    private let queue: AsyncStream<Event>.Continuation
    private let state = Mutex(State())

    init() { (outgoing, queue) = AsyncStream.makeStream() }

    func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer {
        let message = Event(event)
        let answer = await withCheckedContinuation { (waiter: Waiter) in
            let isQueued = state.withLock { state in
                if state.hasEnded { return false }
                state.waiting[message.id, default: []].append(waiter)
                return true
            }
            if isQueued { queue.yield(message) } else { waiter.resume(returning: nil) }
        }
        guard let answer else { throw InvocationError(.connectionLost, "the subscription's stream ended before the event was processed") }
        return answer
    }

    /// One by one: the stream has no bulk form.
    func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer] {
        var answers: [EventAnswer] = []
        for entry in events.entries {
            let event: CloudEvent =
                switch entry.content {
                case .event(let event): event
                case .raw(let data): .fromRaw(data, pubsub: events.pubsub, topic: events.topic)
                }
            answers.append(
                try await deliver(
                    TopicEvent(pubsub: events.pubsub, topic: events.topic, route: events.route, event: event, metadata: entry.metadata),
                    deadline: deadline))
        }
        return answers
    }

    /// The client answered for an event; one that nobody waits for is ignored.
    func processed(_ id: String, _ answer: EventAnswer) {
        let waiter = state.withLock { state -> Waiter? in
            guard var queue = state.waiting[id] else { return nil }
            let first = queue.removeFirst()
            state.waiting[id] = queue.isEmpty ? nil : queue
            return first
        }
        waiter?.resume(returning: answer)
    }

    /// The stream is over: what has no answer yet gets none.
    func end() {
        queue.finish()
        let waiters = state.withLock { state -> [Waiter] in
            state.hasEnded = true
            defer { state.waiting = [:] }
            return state.waiting.values.flatMap { $0 }
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }
}
