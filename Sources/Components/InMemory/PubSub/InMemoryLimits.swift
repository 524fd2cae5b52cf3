/// Limits and pauses of ``InMemoryPubSub``.
struct InMemoryLimits: Sendable {
    /// Messages of one group that wait or are postponed at most; a publication beyond it is refused.
    var maximumQueuedMessages = 10_000
    /// Bytes of the same.
    var maximumQueuedBytes = 64 << 20
    /// Before a message that was not acknowledged is handed over again.
    var redeliveryPause: Duration = .milliseconds(100)
    /// How long a group without consumers goes on to gather messages.
    var groupRetention: Duration = .seconds(60)
}
