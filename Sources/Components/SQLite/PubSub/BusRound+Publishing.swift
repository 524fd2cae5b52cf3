import MechaCore

extension BusRound {
    /// The media type that needs no column.
    private static let usualContentType = "application/cloudevents+json"

    /// Writes the messages. One that its topic has no room for fails alone.
    func publish(_ connection: SQLiteConnection) throws {
        for (index, publication) in work.publications.enumerated() {
            let topic = try store.catalog.topicForPublication(publication.message.topic, connection)
            var places = try places(of: topic.id, connection)
            if !topic.subscriptions.isEmpty, places.next - places.trimmed >= Int64(limits.maximumBacklogMessages) {
                try trim(topic.id, connection)
                places = try self.places(of: topic.id, connection)
                guard places.next - places.trimmed < Int64(limits.maximumBacklogMessages) else {
                    outcome.failures[index] = CapabilityError(
                        .resourceExhausted,
                        "the topic has \(places.next - places.trimmed) messages that some consumer group has not done with; at most \(limits.maximumBacklogMessages) (metadata maxBacklogMessages)"
                    )
                    continue
                }
            }
            try insert(publication, id: BusTables.id(topic: topic.id, place: places.next), connection)
            if fresh[topic.id] == nil {
                fresh[topic.id] = (places.next, [publication])
                for subscription in topic.subscriptions {
                    if store.local[subscription] != nil { store.dirty.insert(subscription) }
                    try wakeOthers(of: subscription, connection)
                }
            } else {
                fresh[topic.id]?.publications.append(publication)
            }
            self.places[topic.id]?.next += 1
            grown.insert(topic.id)
            if topic.subscriptions.isEmpty { count(doneIn: topic.id) }
        }
    }

    private func insert(_ publication: BusPublication, id: Int64, _ connection: SQLiteConnection) throws {
        let message = publication.message
        try connection.run(
            BusTables.addMessage, .integer(id), .integer(publication.published), .optional(publication.expires), .optional(publication.due),
            .optional(publication.key), message.contentType == Self.usualContentType ? .null : .text(message.contentType),
            .optional(publication.metadata), .blob(message.data))
    }

    /// A message as it was read or as it has just been written.
    struct Stored {
        let id: Int64
        let message: OutgoingMessage
        let expires: Int64?
        let due: Int64?
        let key: String?
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
                goesOn = try body(
                    Stored(
                        id: row.integer(0), message: message, expires: row.isNull(1) ? nil : row.integer(1),
                        due: row.isNull(2) ? nil : row.integer(2), key: row.isNull(3) ? nil : row.text(3)))
                return goesOn
            }
        }
        guard goesOn, let fresh = fresh[topic], to > freshFrom else { return }
        for place in max(from, freshFrom)..<to {
            let publication = fresh.publications[Int(place - freshFrom)]
            let stored = Stored(
                id: BusTables.id(topic: topic, place: place), message: publication.message, expires: publication.expires,
                due: publication.due, key: publication.key)
            guard try body(stored) else { return }
        }
    }
}
