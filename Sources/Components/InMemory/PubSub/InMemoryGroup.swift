import MechaCore

/// One consumer group on one topic or pattern. Guarded by the lock of its ``InMemoryPubSub``.
final class InMemoryGroup: @unchecked Sendable {
    struct Name: Hashable {
        var topic: ExactKey
        var group: ExactKey
    }

    let name: Name
    let pattern: TopicPattern
    var queue = DeliveryQueue<InMemoryMessage, InMemoryFeed>()
    /// Of the messages that wait or are postponed.
    var bytes = 0
    /// Messages that are delayed, or that pause before they are handed over again.
    var postponed = 0
    /// When the last consumer left; nil while there is one.
    var emptySince: UInt64?
    /// Consumers that leave and wait for their handlers.
    var leaving: [Int: [CheckedContinuation<Void, Never>]] = [:]

    init(_ name: Name) {
        self.name = name
        pattern = TopicPattern(name.topic.text)
    }
}
