import MechaCore

/// Topics and who is concerned with them, as last read. Used on the writing thread only, inside transactions; a
/// change by any process raises the file's generation, and what is here is read afresh.
final class BusCatalog {
    struct Topic {
        let id: Int64
        let subscriptions: [Int64]
    }

    struct Consumer: Hashable {
        let id: Int64
        let wake: String
    }

    private var generation: Int64 = -1
    private var topics: [ExactKey: Topic] = [:]
    private var consumers: [Int64: [Consumer]] = [:]

    /// Must be called first in every transaction.
    func refresh(_ connection: SQLiteConnection) throws {
        let found = try connection.first(BusTables.generation) { $0.integer(0) } ?? 0
        if found != generation || topics.count > BusLimits.maximumKnownTopics { forget() }
        generation = found
    }

    func forget() {
        generation = -1
        topics = [:]
        consumers = [:]
    }

    func topic(_ name: String, _ connection: SQLiteConnection) throws -> Topic? {
        let key = ExactKey(name)
        if let topic = topics[key] { return topic }
        guard let id = try connection.first(BusTables.topicByName, .text(name), read: { $0.integer(0) }) else { return nil }
        var subscriptions: [Int64] = []
        try connection.forEach(BusTables.subscriptionsOfTopic, .integer(id)) { row in
            subscriptions.append(row.integer(0))
            return true
        }
        let topic = Topic(id: id, subscriptions: subscriptions)
        topics[key] = topic
        return topic
    }

    /// The topic, made when there is none; every pattern that matches it gets it from its first message on.
    func topicForPublication(_ name: String, _ connection: SQLiteConnection) throws -> Topic {
        if let topic = try topic(name, connection) { return topic }
        try connection.run(BusTables.addTopic, .text(name))
        let id = try connection.first(BusTables.lastRow) { $0.integer(0) } ?? 0
        var matching: [Int64] = []
        try connection.forEach(BusTables.patterns) { row in
            if TopicPattern(row.text(1)).matches(name) { matching.append(row.integer(0)) }
            return true
        }
        for subscription in matching { try connection.run(BusTables.addCursor, .integer(subscription), .integer(id), .integer(0)) }
        let topic = Topic(id: id, subscriptions: matching)
        topics[ExactKey(name)] = topic
        return topic
    }

    /// Processes with consumers of a subscription.
    func consumers(of subscription: Int64, _ connection: SQLiteConnection) throws -> [Consumer] {
        if let known = consumers[subscription] { return known }
        var found: [Consumer] = []
        try connection.forEach(BusTables.consumersOfSubscription, .integer(subscription)) { row in
            found.append(Consumer(id: row.integer(0), wake: row.text(1)))
            return true
        }
        consumers[subscription] = found
        return found
    }
}
