import MechaCore

extension BusRound {
    /// Notes what has become of claimed messages.
    func settle(_ connection: SQLiteConnection) throws {
        guard let consumer = store.consumer else { return }
        var touched: Set<Int64> = []
        // Messages of one claim mostly follow each other.
        var current: (id: Int64, claim: BusClaim)?
        func keep() {
            guard let (id, claim) = current else { return }
            outcome.changedClaims[id] = claim
        }
        for settlement in work.settlements {
            guard let row = settlement.subscription.row else { continue }
            let item = settlement.item
            if let id = item.claim {
                if current?.id != id {
                    keep()
                    // A claim that is not ours any more is another's to settle.
                    current = (outcome.changedClaims.removeValue(forKey: id) ?? store.claims[id]).map { (id, $0) }
                }
                guard current != nil else { continue }
                switch settlement.outcome {
                case .done: break
                case .deferred(let due): try putOff(item, row, due: due, owner: nil, connection)
                case .kept(let due): try putOff(item, row, due: due, owner: consumer, connection)
                }
                current?.claim.finish(BusTables.place(of: item.id))
                touched.insert(id)
                count(doneIn: BusTables.topic(of: item.id))
            } else {
                try settleDeferred(settlement, row, consumer, connection)
            }
            if case .deferred(let due) = settlement.outcome {
                outcome.soiled.insert(row)
                if due <= now { try wakeOthers(of: row, connection) }
            }
        }
        keep()
        for id in touched {
            guard let claim = outcome.changedClaims[id] else { continue }
            try write(claim, id, connection)
        }
    }

    private func settleDeferred(
        _ settlement: BusSettlement, _ row: Int64, _ consumer: Int64, _ connection: SQLiteConnection
    ) throws {
        let item = settlement.item
        switch settlement.outcome {
        case .done:
            let removed = try connection.run(BusTables.removeDeferred, .integer(item.id), .integer(row), .integer(consumer))
            let topic = BusTables.topic(of: item.id)
            if removed > 0, BusTables.place(of: item.id) < (try places(of: topic, connection).trimmed) {
                try connection.run(BusTables.removeMessage, .integer(item.id))
            }
        case .deferred(let due), .kept(let due):
            var owner: SQLiteValue = .null
            if case .kept = settlement.outcome { owner = .integer(consumer) }
            try connection.run(
                BusTables.deferAgain, .integer(item.id), .integer(row), .integer(due), .integer(Int64(item.attempts)),
                .optional(item.firstDelivered), owner, .integer(consumer))
        }
    }

    func putOff(_ item: BusItem, _ row: Int64, due: Int64, owner: Int64?, _ connection: SQLiteConnection) throws {
        try connection.run(
            BusTables.defer, .integer(item.id), .integer(row), .integer(due), .integer(Int64(item.attempts)),
            .optional(item.firstDelivered),
            .optional(owner))
    }

    func write(_ claim: BusClaim, _ id: Int64, _ connection: SQLiteConnection) throws {
        guard let consumer = store.consumer else { return }
        if claim.remaining == 0 {
            try connection.run(BusTables.removeClaim, .integer(id), .integer(consumer))
        } else {
            try connection.run(BusTables.setClaimDone, .integer(id), .integer(consumer), .blob(claim.done))
        }
    }

    func count(doneIn topic: Int64, _ number: Int64 = 1) {
        outcome.changesTrim[topic] = (outcome.changesTrim[topic] ?? store.doneSinceTrim[topic] ?? 0) + number
    }

    /// Processes other than ours that consume for the subscription are to look.
    func wakeOthers(of subscription: Int64, _ connection: SQLiteConnection) throws {
        for consumer in try store.catalog.consumers(of: subscription, connection) where consumer.id != store.consumer {
            outcome.wakes.insert(consumer.wake)
        }
    }
}

extension SQLiteValue {
    static func optional(_ number: Int64?) -> SQLiteValue { number.map(SQLiteValue.integer) ?? .null }
}
