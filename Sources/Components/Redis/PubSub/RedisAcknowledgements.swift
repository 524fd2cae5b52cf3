/// Messages that handlers are done with and the server does not know of yet. They are told in batches, again
/// after a failure, and must not be handed over meanwhile. Knows no connection.
struct RedisAcknowledgements {
    /// Beyond, the oldest are forgotten, and so handed over again.
    static let maximumUnconfirmed = 10_000
    /// In one command.
    static let maximumBatch = 1_000

    private var waiting: [RedisStreamID] = []
    private var sent: [RedisStreamID] = []

    var isEmpty: Bool { waiting.isEmpty && sent.isEmpty }
    var isSending: Bool { !sent.isEmpty }

    /// True: a batch should be sent at the end of this tick. Also what had to be forgotten.
    mutating func add(_ id: RedisStreamID) -> (send: Bool, forgotten: RedisStreamID?) {
        waiting.append(id)
        let forgotten = waiting.count > Self.maximumUnconfirmed ? waiting.removeFirst() : nil
        return (waiting.count == 1 && sent.isEmpty, forgotten)
    }

    /// The ids to send now; empty while a batch is under way.
    mutating func take() -> [RedisStreamID] {
        guard sent.isEmpty else { return [] }
        sent = Array(waiting.prefix(Self.maximumBatch))
        waiting.removeFirst(sent.count)
        return sent
    }

    /// The batch arrived. Answers what it held.
    mutating func confirmed() -> [RedisStreamID] {
        defer { sent = [] }
        return sent
    }

    /// The batch may not have arrived: it goes again with the next one.
    mutating func failed() {
        waiting = sent + waiting
        sent = []
    }
}
