import MechaCore

extension BusRound {
    func obey(_ command: BusCommand, _ connection: SQLiteConnection) throws {
        switch command {
        case .join(let subscription, _), .rejoin(let subscription): try join(subscription, connection)
        case .part(let subscription): try part(subscription, connection)
        case .release(let subscription):
            guard let row = subscription.row, let consumer = store.consumer else { return }
            if try connection.run(BusTables.releaseSubscription, .integer(row), .integer(consumer)) > 0 {
                try wakeOthers(of: row, connection)
            }
        case .check: try check(connection)
        case .flush: break
        }
    }

    // MARK: - Subscriptions

    private func join(_ subscription: BusSubscription, _ connection: SQLiteConnection) throws {
        guard subscription.hasConsumers else { return }
        let consumer = try registered(connection)
        let row = try subscriptionRow(subscription, connection)
        try connection.run(BusTables.addMember, .integer(row), .integer(consumer))
        try connection.run(BusTables.touchSubscription, .integer(row), .integer(now))
        outcome.joined.append((subscription, row))
        outcome.raisesGeneration = true
    }

    /// This process's row, made when there is none.
    private func registered(_ connection: SQLiteConnection) throws -> Int64 {
        if let consumer = outcome.consumer ?? (outcome.wasForgotten ? nil : store.consumer) { return consumer }
        try connection.run(BusTables.addConsumer, .text(bus.wakeName), .integer(now))
        let consumer = try connection.first(BusTables.lastRow) { $0.integer(0) } ?? 0
        outcome.consumer = consumer
        return consumer
    }

    /// The row of the group, which begins at the end of topics that have groups already, and gets all that a topic
    /// without any has kept.
    private func subscriptionRow(_ subscription: BusSubscription, _ connection: SQLiteConnection) throws -> Int64 {
        let (topic, group) = (SQLiteValue.text(subscription.topic), SQLiteValue.text(subscription.group))
        if let row = try connection.first(BusTables.subscriptionByName, topic, group, read: { $0.integer(0) }) { return row }
        let pattern = TopicPattern(subscription.topic)
        try connection.run(BusTables.addSubscription, topic, group, .integer(pattern.isPattern ? 1 : 0), .integer(now))
        let row = try connection.first(BusTables.lastRow) { $0.integer(0) } ?? 0
        if pattern.isPattern {
            var matching: [Int64] = []
            try connection.forEach(BusTables.allTopics) {
                if pattern.matches($0.text(1)) { matching.append($0.integer(0)) }
                return true
            }
            for id in matching { try addCursor(row, id, connection) }
        } else {
            try addCursor(row, try store.catalog.topicForPublication(subscription.topic, connection).id, connection)
        }
        return row
    }

    private func addCursor(_ row: Int64, _ topic: Int64, _ connection: SQLiteConnection) throws {
        let places = try places(of: topic, connection)
        let hasGroups = try connection.first(BusTables.subscriptionsOfTopic, .integer(topic)) { $0.integer(0) } != nil
        try connection.run(BusTables.addCursor, .integer(row), .integer(topic), .integer(hasGroups ? places.next : places.trimmed))
    }

    private func part(_ subscription: BusSubscription, _ connection: SQLiteConnection) throws {
        guard let row = subscription.row, let consumer = store.consumer, !subscription.hasConsumers else { return }
        try connection.run(BusTables.removeMember, .integer(row), .integer(consumer))
        try connection.run(BusTables.touchSubscription, .integer(row), .integer(now))
        if try connection.run(BusTables.releaseSubscription, .integer(row), .integer(consumer)) > 0 { try wakeOthers(of: row, connection) }
        outcome.parted.append(subscription)
        outcome.raisesGeneration = true
    }

    // MARK: - Looking after the file

    private func check(_ connection: SQLiteConnection) throws {
        if let consumer = store.consumer, now - store.lastSeen > limits.leaseTimeout.wholeMilliseconds / 3 || now < store.lastSeen {
            if try connection.run(BusTables.touchConsumer, .integer(consumer), .integer(now)) > 0 {
                store.lastSeen = now
            } else {
                outcome.wasForgotten = true
                for subscription in store.local.values { try join(subscription, connection) }
            }
        }
        try forgetDead(connection)
        if now - store.lastHousekeeping >= 60_000 || now < store.lastHousekeeping {
            try keepHouse(connection)
            store.lastHousekeeping = now
        }
    }

    /// Frees what processes that ended had claimed.
    private func forgetDead(_ connection: SQLiteConnection) throws {
        guard let wakes = store.wakes else { return }
        var dead: [(id: Int64, wake: String)] = []
        try connection.forEach(BusTables.consumers, .integer(store.consumer ?? 0)) { row in
            let (id, wake, seen) = (row.integer(0), row.text(1), row.integer(2))
            if (!wake.isEmpty && !wakes.isAlive(wake)) || now - seen > limits.leaseTimeout.wholeMilliseconds { dead.append((id, wake)) }
            return true
        }
        for (id, wake) in dead where id != outcome.consumer {
            try connection.run(BusTables.touchSubscriptionsOf, .integer(id), .integer(now))
            for statement in BusTables.forgetConsumer { try connection.run(statement, .integer(id)) }
            outcome.ended.append(wake)
            outcome.raisesGeneration = true
        }
        if !dead.isEmpty { outcome.soiled.formUnion(store.local.keys) }
    }

    /// Removes what is too old: messages of topics that nobody subscribes to, and groups that nobody uses.
    private func keepHouse(_ connection: SQLiteConnection) throws {
        var unused: [Int64] = []
        try connection.forEach(BusTables.unusedSubscriptions, .integer(now - limits.groupRetention.wholeMilliseconds)) {
            unused.append($0.integer(0))
            return true
        }
        for row in unused {
            for statement in BusTables.forgetSubscription { try connection.run(statement, .integer(row)) }
            outcome.raisesGeneration = true
        }
        var topics: [Int64] = []
        try connection.forEach(BusTables.allTopics) {
            if $0.integer(3) < $0.integer(2) { topics.append($0.integer(0)) }
            return true
        }
        let cutoff = now - limits.unsubscribedRetention.wholeMilliseconds
        for topic in topics { try trim(topic, publishedSince: cutoff, connection) }
    }
}
