import MechaCore

extension BusRound {
    /// Claims that others left and one transaction takes over, at most.
    private static let claimsAtOnce = 64
    private static let deferredAtOnce = 4_096

    /// What one subscription still takes in this transaction.
    private struct Appetite {
        var messages: Int
        var bytes = BusLimits.maximumClaimedBytes

        var isSated: Bool { messages <= 0 || bytes <= 0 }

        mutating func take(_ body: BusMessage) {
            messages -= 1
            bytes -= body.message.data.readableBytes
        }
    }

    /// Claims messages for every subscription of this process that has room: first what others left, then what was
    /// deferred, then new ones.
    func claim(_ connection: SQLiteConnection) throws {
        guard let consumer = outcome.consumer ?? store.consumer else { return }
        for row in store.dirty.union(outcome.soiled) {
            guard let subscription = store.local[row] else { continue }
            let demand = subscription.demand(at: bus.clock.monotonicNanoseconds())
            guard demand > 0 else {
                outcome.soiled.insert(row)
                continue
            }
            if subscription.ordersByKey {
                let isOurs = try connection.run(BusTables.takeSubscription, .integer(row), .integer(consumer)) > 0
                // The process that has it wakes us when it lets go.
                guard isOurs else { continue }
            }
            var appetite = Appetite(messages: demand)
            var entries: [BusSubscription.Queue.Entry] = []
            if subscription.keepsOrder {
                // All that was handed over or claimed before comes before everything new, in its order.
                var all = Appetite(messages: .max, bytes: .max)
                try claimLeft(row, consumer, &all, &entries, connection)
                try claimDeferred(row, consumer, &all, &entries, isEarly: true, connection)
                entries.sort { $0.message.id < $1.message.id }
                appetite.messages -= entries.count
                if outcome.unfinished.contains(row) { appetite.messages = 0 }
            } else {
                try claimLeft(row, consumer, &appetite, &entries, connection)
                if !appetite.isSated { try claimDeferred(row, consumer, &appetite, &entries, isEarly: false, connection) }
            }
            if !appetite.isSated { try claimNew(row, consumer, &appetite, &entries, connection) }
            if entries.isEmpty, outcome.unfinished.contains(row) { outcome.goesOn = true }
            if appetite.isSated || outcome.unfinished.contains(row) {
                outcome.drained.remove(row)
                outcome.soiled.insert(row)
            } else {
                outcome.soiled.remove(row)
                outcome.drained.insert(row)
            }
            if !entries.isEmpty { outcome.claimed.append((subscription, entries)) }
            if let due = try connection.first(BusTables.nextDue, .integer(row), read: { $0.isNull(0) ? nil : $0.integer(0) }) ?? nil {
                outcome.nextDue = min(outcome.nextDue ?? due, due)
            }
        }
    }

    private func claimLeft(
        _ row: Int64, _ consumer: Int64, _ appetite: inout Appetite, _ entries: inout [BusSubscription.Queue.Entry],
        _ connection: SQLiteConnection
    ) throws {
        var left: [(id: Int64, claim: BusClaim, attempt: Int64, claimed: Int64, name: String)] = []
        try connection.forEach(BusTables.freeClaims, .integer(row), .integer(Int64(Self.claimsAtOnce))) { found in
            let claim = BusClaim(topic: found.integer(1), first: found.integer(2), count: Int(found.integer(3)), done: found.buffer(4))
            left.append((found.integer(0), claim, found.integer(5), found.integer(6), found.text(7)))
            return true
        }
        if left.count == Self.claimsAtOnce { outcome.unfinished.insert(row) }
        for (id, claim, attempt, claimed, name) in left {
            guard !appetite.isSated else { return }
            try connection.run(BusTables.takeClaim, .integer(id), .integer(consumer))
            // Messages of the range that are not there any more are done.
            var missing = Set(claim.first..<claim.first + Int64(claim.count)).filter { !claim.isDone($0) }
            try forEachMessage(topic: claim.topic, name: name, from: claim.first, to: claim.first + Int64(claim.count), connection) {
                stored in
                let place = BusTables.place(of: stored.id)
                guard missing.remove(place) != nil else { return true }
                let item = BusItem(
                    id: stored.id, claim: id, body: stored.body, attempts: Int(attempt) - 1, firstDelivered: attempt > 1 ? claimed : nil)
                appetite.take(stored.body)
                entries.append(BusSubscription.Queue.Entry(item, key: stored.body.key))
                return true
            }
            var taken = claim
            for place in missing { taken.finish(place) }
            outcome.changedClaims[id] = taken
            if taken.remaining == 0 { try connection.run(BusTables.removeClaim, .integer(id), .integer(consumer)) }
        }
    }

    private func claimDeferred(
        _ row: Int64, _ consumer: Int64, _ appetite: inout Appetite, _ entries: inout [BusSubscription.Queue.Entry], isEarly: Bool,
        _ connection: SQLiteConnection
    ) throws {
        var found: [(id: Int64, attempt: Int64, delivered: Int64?, name: String)] = []
        try connection.forEach(
            BusTables.freeDeferred, .integer(row), .integer(now), .integer(Int64(min(appetite.messages, Self.deferredAtOnce))),
            .integer(isEarly ? 1 : 0)
        ) {
            found.append(($0.integer(0), $0.integer(1), $0.isNull(2) ? nil : $0.integer(2), $0.text(3)))
            return true
        }
        if found.count == Self.deferredAtOnce { outcome.unfinished.insert(row) }
        for (id, attempt, delivered, name) in found {
            guard !appetite.isSated else { return }
            try connection.run(BusTables.takeDeferred, .integer(id), .integer(row), .integer(consumer))
            let (topic, place) = (BusTables.topic(of: id), BusTables.place(of: id))
            var isThere = false
            try forEachMessage(topic: topic, name: name, from: place, to: place + 1, connection) { stored in
                isThere = true
                let item = BusItem(id: id, claim: nil, body: stored.body, attempts: Int(attempt), firstDelivered: delivered)
                appetite.take(stored.body)
                entries.append(BusSubscription.Queue.Entry(item, key: stored.body.key))
                return true
            }
            if !isThere { try connection.run(BusTables.removeDeferred, .integer(id), .integer(row), .integer(consumer)) }
        }
    }

    private func claimNew(
        _ row: Int64, _ consumer: Int64, _ appetite: inout Appetite, _ entries: inout [BusSubscription.Queue.Entry],
        _ connection: SQLiteConnection
    ) throws {
        // Topics that grew in this transaction have their places here and not in their rows yet.
        for topic in grown {
            try connection.run(BusTables.setTopicNext, .integer(topic), .integer(try places(of: topic, connection).next))
        }
        grown = []
        var behind: [(topic: Int64, cursor: Int64, next: Int64, name: String)] = []
        try connection.forEach(BusTables.behind, .integer(row)) {
            behind.append(($0.integer(0), $0.integer(1), $0.integer(2), $0.text(3)))
            return true
        }
        for (topic, cursor, next, name) in behind {
            guard !appetite.isSated else { return }
            try claimRange(row, consumer, topic, name, from: cursor, to: next, &appetite, &entries, connection)
        }
    }

    /// Claims messages of a topic from the cursor on, and moves it.
    private func claimRange(
        _ row: Int64, _ consumer: Int64, _ topic: Int64, _ name: String, from cursor: Int64, to next: Int64, _ appetite: inout Appetite,
        _ entries: inout [BusSubscription.Queue.Entry], _ connection: SQLiteConnection
    ) throws {
        let begin = entries.count
        var (first, last) = (Int64(-1), Int64(-1))
        // Places between those that are taken with nothing to hand over.
        var holes: [Int64] = []
        // Where nothing is in the way the range ends at the last message of the topic.
        var end = next
        try forEachMessage(topic: topic, name: name, from: cursor, to: next, connection) { stored in
            let place = BusTables.place(of: stored.id)
            if appetite.isSated || place - cursor >= Int64(BusLimits.maximumClaimedMessages) {
                end = place
                outcome.unfinished.insert(row)
                return false
            }
            let body = stored.body
            if body.isExpired(at: now) { return true }
            let item = BusItem(id: stored.id, claim: nil, body: body, attempts: 0)
            if let due = body.due, due > now {
                try putOff(item, row, due: due, owner: nil, connection)
                return true
            }
            appetite.take(body)
            if first < 0 {
                first = place
            } else if last + 1 < place {
                holes += last + 1..<place
            }
            last = place
            entries.append(BusSubscription.Queue.Entry(item, key: body.key))
            return true
        }
        try connection.run(BusTables.setCursor, .integer(row), .integer(topic), .integer(end))
        guard first >= 0 else { return count(doneIn: topic, end - cursor) }
        var claim = BusClaim(topic: topic, first: first, count: Int(last - first + 1))
        for place in holes { claim.finish(place) }
        try connection.run(
            BusTables.addClaim, .integer(row), .integer(topic), .integer(first), .integer(Int64(claim.count)), .blob(claim.done),
            .integer(now), .integer(consumer))
        let id = try connection.first(BusTables.lastRow) { $0.integer(0) } ?? 0
        outcome.changedClaims[id] = claim
        for index in begin..<entries.count { entries[index].message.claim = id }
    }
}
