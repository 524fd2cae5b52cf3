import MechaCore

extension BusRound {
    /// Removes what is no longer needed of topics where enough of it has gathered.
    func trim(_ connection: SQLiteConnection) throws {
        for (topic, done) in outcome.changesTrim where done >= BusLimits.trimStep { try trim(topic, connection) }
    }

    /// Removes what every group of the topic has done with; a topic without groups keeps its newest messages.
    func trim(_ topic: Int64, publishedSince cutoff: Int64? = nil, _ connection: SQLiteConnection) throws {
        let places = try places(of: topic, connection)
        var needed: Int64
        if let first = try connection.first(BusTables.neededFrom, .integer(topic), read: { $0.isNull(0) ? nil : $0.integer(0) }) ?? nil {
            needed = first
        } else {
            needed = places.next - Int64(limits.maximumUnsubscribedMessages)
            if let cutoff {
                let (first, end) = (BusTables.id(topic: topic, place: places.trimmed), BusTables.id(topic: topic, place: places.next))
                let young = try connection.first(BusTables.firstPublishedSince, .integer(first), .integer(end), .integer(cutoff)) {
                    $0.isNull(0) ? nil : $0.integer(0)
                }
                needed = max(needed, (young ?? nil).map(BusTables.place(of:)) ?? places.next)
            }
        }
        let end = min(needed, places.trimmed + BusLimits.removalsPerCommit)
        outcome.changesTrim[topic] = max(0, needed - end)
        guard end > places.trimmed else { return }
        let (from, to) = (
            SQLiteValue.integer(BusTables.id(topic: topic, place: places.trimmed)),
            SQLiteValue.integer(BusTables.id(topic: topic, place: end))
        )
        let hasDeferred = try connection.first(BusTables.hasDeferred, from, to) { $0.integer(0) } != nil
        try connection.run(hasDeferred ? BusTables.removeMessages : BusTables.removeAllMessages, from, to)
        try connection.run(BusTables.setTopicTrimmed, .integer(topic), .integer(end))
        self.places[topic]?.trimmed = end
    }
}
