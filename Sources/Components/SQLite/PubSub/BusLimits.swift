/// Limits, pauses and retentions of ``SQLitePubSub``.
struct BusLimits: Sendable {
    /// Messages of a topic that some group has not done with yet, at most; further ones are refused.
    var maximumBacklogMessages = 1_000_000
    /// What the file may grow to; publications are refused when it is full.
    var maximumFileBytes = 8 << 30
    /// Messages that a topic without any group keeps, for a group that appears later: the newest ones.
    var maximumUnsubscribedMessages = 10_000
    /// How long it keeps them.
    var unsubscribedRetention: Duration = .seconds(24 * 3_600)
    /// A group that nobody has subscribed with for so long is forgotten, and what it had not done with.
    var groupRetention: Duration = .seconds(7 * 24 * 3_600)
    /// Before a message that was not acknowledged is handed over again.
    var redeliveryPause: Duration = .seconds(1)
    /// A process that has given no sign of life for so long loses what it claimed. One that ended loses it at once.
    var leaseTimeout: Duration = .seconds(30)
    /// Between two looks for processes that ended.
    var checkInterval: Duration = .seconds(1)
    /// Publications that wait for the writing thread, at most.
    var maximumWaitingMessages = 10_000
    /// Bytes of the same.
    var maximumWaitingBytes = 64 << 20

    /// Publications that share a transaction at most.
    static let publicationsPerCommit = 2_000
    static let publicationBytesPerCommit = 8 << 20
    /// Messages that one subscription claims ahead of its handlers, at most; bounded by bytes too.
    static let maximumClaimedMessages = 1_024
    static let maximumClaimedBytes = 4 << 20
    /// Done messages that are removed together.
    static let trimStep: Int64 = 1_000
    static let removalsPerCommit: Int64 = 5_000
    /// Topics that are remembered between transactions.
    static let maximumKnownTopics = 10_000
    /// After a transaction that failed, before what must not be lost is tried again.
    static let retryPause: Duration = .milliseconds(500)
}
