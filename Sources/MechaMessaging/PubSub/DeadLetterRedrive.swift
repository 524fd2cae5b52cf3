import MechaCore
import Synchronization

/// Puts messages of a dead letter topic back where they came from.
///
/// Each is published again before it is acknowledged, so that a failure in between leaves it where it is.
public struct DeadLetterRedrive: Sendable {
    /// Ends when no further letter came for this long.
    public static let quiet = Duration.milliseconds(500)
    /// Ends at the latest after this; what is left is for another run.
    public static let longest = Duration.seconds(60)
    public static let maximumMessages = 100_000

    let binding: PubSubBinding
    let context: DeliveryContext

    public init(_ binding: PubSubBinding, context: DeliveryContext) {
        self.binding = binding
        self.context = context
    }

    /// What a run did.
    public struct Outcome: Sendable {
        public var redriven = 0
        /// Letters that say nothing of where they came from, or that the broker did not take back.
        public var left = 0
    }

    private struct Progress {
        var outcome = Outcome()
        var underWay = 0
        var lastActivity: UInt64 = 0
    }

    /// - Parameters:
    ///   - topic: the dead letter topic.
    ///   - destination: where all letters go; nil for the topic that each event names.
    ///   - limit: messages at most.
    public func run(topic: String, to destination: String?, limit: Int) async throws -> Outcome {
        let clock = context.clock
        let box = Shared(Progress(lastActivity: clock.monotonicNanoseconds()))
        let feed = try await binding.broker.subscribe(
            SubscriptionRequest(topic: binding.brokerTopic(topic), consumerGroup: binding.consumerGroup)
        ) { [binding] message in
            let mayGo = box.value.withLock { progress in
                guard progress.outcome.redriven + progress.underWay < limit else { return false }
                progress.underWay += 1
                return true
            }
            guard mayGo else { return .redeliver }
            let target = destination ?? (try? CloudEvent(message.data))?.attribute("topic") ?? ""
            var isDone = false
            if !target.isEmpty, target != topic {
                do {
                    try await binding.broker.publish(
                        OutgoingMessage(
                            topic: binding.brokerTopic(target), data: message.data,
                            contentType: message.contentType ?? CloudEvent.contentType, metadata: message.metadata))
                    isDone = true
                } catch {}
            }
            box.value.withLock { progress in
                progress.underWay -= 1
                progress.lastActivity = clock.monotonicNanoseconds()
                if isDone { progress.outcome.redriven += 1 } else { progress.outcome.left += 1 }
            }
            return isDone ? .acknowledge : .redeliver
        }
        let started = clock.monotonicNanoseconds()
        while !Task.isCancelled {
            try? await clock.sleep(for: .milliseconds(50))
            let now = clock.monotonicNanoseconds()
            let isOver = box.value.withLock { progress in
                let isQuiet = progress.underWay == 0 && now - progress.lastActivity > UInt64(Self.quiet.wholeNanoseconds)
                return isQuiet || progress.outcome.redriven >= limit
            }
            if isOver || now - started > UInt64(Self.longest.wholeNanoseconds) { break }
        }
        await feed.close()
        return box.value.withLock { $0.outcome }
    }

    private final class Shared: Sendable {
        let value: Mutex<Progress>
        init(_ progress: Progress) { value = Mutex(progress) }
    }
}
