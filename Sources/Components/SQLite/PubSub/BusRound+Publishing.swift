import MechaCore

extension BusRound {
    /// The media type that needs no column.
    private static let usualContentType = "application/cloudevents+json"

    /// A topic that messages are written to.
    private struct Growing {
        let name: ExactKey
        let topic: BusCatalog.Topic
        var places: (next: Int64, trimmed: Int64)
        var fresh: Fresh
    }

    /// Writes the messages. One that its topic has no room for fails alone.
    func publish(_ connection: SQLiteConnection) throws {
        guard !work.publications.isEmpty else { return }
        let insertion = try connection.statement(BusTables.addMessage)
        defer { insertion.reset() }
        // Messages of one topic mostly follow each other.
        var growing: Growing?
        for (index, publication) in work.publications.enumerated() {
            let name = ExactKey(publication.body.message.topic)
            if growing?.name != name {
                if let growing { note(growing) }
                growing = try begin(name, connection)
            }
            guard var topic = growing.take() else { continue }
            defer { growing = topic }
            if !topic.topic.subscriptions.isEmpty, topic.places.next - topic.places.trimmed >= Int64(limits.maximumBacklogMessages) {
                note(topic)
                try trim(topic.topic.id, connection)
                topic.places = try places(of: topic.topic.id, connection)
                guard topic.places.next - topic.places.trimmed < Int64(limits.maximumBacklogMessages) else {
                    outcome.failures[index] = CapabilityError(
                        .resourceExhausted,
                        "the topic has \(topic.places.next - topic.places.trimmed) messages that some consumer group has not done with; at most \(limits.maximumBacklogMessages) (metadata maxBacklogMessages)"
                    )
                    continue
                }
            }
            try insert(publication.body, id: BusTables.id(topic: topic.topic.id, place: topic.places.next), insertion)
            topic.fresh.indices.append(index)
            topic.places.next += 1
        }
        if let growing { note(growing) }
    }

    private func begin(_ name: ExactKey, _ connection: SQLiteConnection) throws -> Growing {
        let topic = try store.catalog.topicForPublication(name.text, connection)
        let places = try places(of: topic.id, connection)
        if let known = fresh.removeValue(forKey: topic.id) { return Growing(name: name, topic: topic, places: places, fresh: known) }
        for subscription in topic.subscriptions {
            if store.local[subscription] != nil { store.dirty.insert(subscription) }
            try wakeOthers(of: subscription, connection)
        }
        return Growing(name: name, topic: topic, places: places, fresh: Fresh(first: places.next))
    }

    private func note(_ growing: Growing) {
        let id = growing.topic.id
        let before = places[id]?.next ?? growing.places.next
        places[id] = growing.places
        guard !growing.fresh.indices.isEmpty else { return }
        fresh[id] = growing.fresh
        grown.insert(id)
        if growing.topic.subscriptions.isEmpty { count(doneIn: id, growing.places.next - before) }
    }

    /// `insertion` keeps what was bound until the next message, or its reset, takes its place.
    private func insert(_ body: BusMessage, id: Int64, _ insertion: SQLiteStatement) throws {
        let message = body.message
        insertion.restart()
        try insertion.bind(id, at: 1)
        try insertion.bind(body.published, at: 2)
        try insertion.bind(body.expires, at: 3)
        try insertion.bind(body.due, at: 4)
        try insertion.bind(body.key, at: 5)
        try insertion.bind(message.contentType == Self.usualContentType ? nil : message.contentType, at: 6)
        try insertion.bind(body.metadata, at: 7)
        try insertion.run(withBlob: message.data, at: 8)
    }

    /// A message as it was read or as it has just been written.
    struct Stored {
        let id: Int64
        let body: BusMessage
    }

    /// Calls `body` for the messages of a range in order until it answers false. Those of this transaction are not read.
    func forEachMessage(
        topic: Int64, name: String, from: Int64, to: Int64, _ connection: SQLiteConnection, _ body: (Stored) throws -> Bool
    ) throws {
        let freshFrom = fresh[topic]?.first ?? Int64.max
        var goesOn = true
        if from < min(to, freshFrom) {
            let (first, end) = (BusTables.id(topic: topic, place: from), BusTables.id(topic: topic, place: min(to, freshFrom)))
            try connection.forEach(BusTables.messagesFrom, .integer(first), .integer(end)) { row in
                let message = OutgoingMessage(
                    topic: name, data: row.buffer(6), contentType: row.isNull(4) ? Self.usualContentType : row.text(4),
                    metadata: row.isNull(5) ? [:] : BusMetadata.read(row.text(5)))
                let stored = BusMessage(
                    message, published: 0, expires: row.isNull(1) ? nil : row.integer(1), due: row.isNull(2) ? nil : row.integer(2),
                    key: row.isNull(3) ? nil : row.text(3))
                goesOn = try body(Stored(id: row.integer(0), body: stored))
                return goesOn
            }
        }
        guard goesOn, let fresh = fresh[topic], to > freshFrom else { return }
        for place in max(from, freshFrom)..<to {
            let publication = work.publications[fresh.indices[Int(place - freshFrom)]]
            guard try body(Stored(id: BusTables.id(topic: topic, place: place), body: publication.body)) else { return }
        }
    }
}
