import MechaCore
import Synchronization

/// One transaction: takes all that waits, does it, and tells everybody when it is committed. Messages that are
/// published in it are claimed in it too, so that a message which stays in the process costs no further commit.
///
/// One round is under way at a time, on the writing thread; nothing else touches it or the ``BusStore``.
final class BusRound: SQLiteJob, @unchecked Sendable {
    /// What the transaction brings about once it is committed. Made anew when it is tried again.
    struct Outcome {
        var failures: [Int: any Error] = [:]
        var changedClaims: [Int64: BusClaim] = [:]
        var claimed: [(subscription: BusSubscription, entries: [BusSubscription.Queue.Entry])] = []
        /// Subscriptions that have everything there is.
        var drained: Set<Int64> = []
        var soiled: Set<Int64> = []
        var joined: [(subscription: BusSubscription, row: Int64)] = []
        var parted: [BusSubscription] = []
        var wakes: Set<String> = []
        var ended: [String] = []
        /// Milliseconds since 1970 of the next deferred message.
        var nextDue: Int64?
        var consumer: Int64?
        /// Others took us for dead: what we claimed is theirs.
        var wasForgotten = false
        var raisesGeneration = false
        /// Subscriptions with more than one transaction claims.
        var unfinished: Set<Int64> = []
        /// Another transaction follows in any case.
        var goesOn = false
        var changesTrim: [Int64: Int64] = [:]
    }

    let deadline: UInt64
    let bus: SQLitePubSub
    private(set) var work = BusWork()
    private var isTaken = false
    private var isOver = false
    var outcome = Outcome()
    var now: Int64 = 0
    /// `next` and `trimmed` of topics, and those of them that must be written back.
    var places: [Int64: (next: Int64, trimmed: Int64)] = [:]
    var grown: Set<Int64> = []
    /// What was published in this transaction, by topic.
    var fresh: [Int64: Fresh] = [:]

    struct Fresh {
        /// Place of the first.
        let first: Int64
        /// Of the work's publications, in the order of their places.
        var indices: [Int] = []
    }

    init(deadline: UInt64, bus: SQLitePubSub) {
        self.deadline = deadline
        self.bus = bus
    }

    var store: BusStore { bus.store }
    var limits: BusLimits { bus.limits }

    // MARK: - SQLiteJob

    let isAnswered = false

    /// Only publications need the disk: a claim or an acknowledgement that a power failure undoes means another
    /// delivery, and that is allowed.
    func prepare() -> Bool {
        take()
        return !work.publications.isEmpty
    }

    private func take() {
        guard !isTaken else { return }
        isTaken = true
        work = bus.takeWork()
    }

    func perform(on connection: SQLiteConnection) throws {
        outcome = Outcome()
        places = [:]
        grown = []
        fresh = [:]
        now = bus.clock.now().milliseconds
        do {
            try store.catalog.refresh(connection)
            try settle(connection)
            for command in work.commands { try obey(command, connection) }
            if outcome.raisesGeneration { store.catalog.forget() }
            try publish(connection)
            if !outcome.wasForgotten { try claim(connection) }
            try trim(connection)
            for topic in grown {
                try connection.run(BusTables.setTopicNext, .integer(topic), .integer(try places(of: topic, connection).next))
            }
            if outcome.raisesGeneration { try connection.run(BusTables.raiseGeneration) }
        } catch {
            store.catalog.forget()
            throw error
        }
    }

    func succeed() {
        isOver = true
        if !work.publications.isEmpty { bus.publishingCommits.add(1, ordering: .relaxed) }
        for (index, publication) in work.publications.enumerated() {
            publication.settle(outcome.failures.isEmpty ? nil : outcome.failures[index])
        }
        if outcome.raisesGeneration { store.catalog.forget() }
        remember()
        for (subscription, entries) in outcome.claimed { bus.take(entries, for: subscription) }
        for name in outcome.ended {
            store.wakes?.forget(name)
            store.wakes?.removeFile(name)
        }
        for name in outcome.wakes { store.wakes?.wake(name) }
        for command in work.commands {
            switch command {
            case .join(_, let waiter), .flush(let waiter): waiter.resume()
            case .rejoin, .part, .release, .check: break
            }
        }
        if let due = outcome.nextDue { bus.wakeUp(at: due) }
        bus.roundEnded(.success(outcome.goesOn || outcome.wasForgotten || !outcome.joined.isEmpty))
    }

    private func remember() {
        if outcome.wasForgotten {
            store.claims = [:]
            for subscription in store.local.values { subscription.dropWaiting() }
        }
        if let consumer = outcome.consumer { store.consumer = consumer }
        for (id, claim) in outcome.changedClaims { store.claims[id] = claim.remaining > 0 ? claim : nil }
        store.dirty.subtract(outcome.drained)
        store.dirty.formUnion(outcome.soiled)
        for (subscription, row) in outcome.joined {
            subscription.row = row
            store.local[row] = subscription
            store.dirty.insert(row)
        }
        for subscription in outcome.parted {
            if let row = subscription.row, store.local[row] === subscription {
                store.local[row] = nil
                store.dirty.remove(row)
            }
        }
        for (topic, done) in outcome.changesTrim { store.doneSinceTrim[topic] = done }
    }

    func fail(_ error: any Error) {
        guard !isOver else { return }
        isOver = true
        take()
        store.catalog.forget()
        for publication in work.publications { publication.settle(error) }
        var again: [BusCommand] = []
        for command in work.commands {
            switch command {
            case .join(let subscription, let waiter):
                // The subscription begins when the file can be written; nobody has to wait for that.
                waiter.resume()
                again.append(.rejoin(subscription))
            case .flush(let waiter): waiter.resume()
            case .rejoin, .part, .release: again.append(command)
            case .check: break
            }
        }
        bus.putBack(work.settlements, again, wakesAll: work.wakesAll, atOnce: !work.publications.isEmpty && !work.settlements.isEmpty)
        bus.roundEnded(.failure(error))
    }

    // MARK: - Topics

    func places(of topic: Int64, _ connection: SQLiteConnection) throws -> (next: Int64, trimmed: Int64) {
        if let known = places[topic] { return known }
        let found = try connection.first(BusTables.topicPlaces, .integer(topic)) { ($0.integer(0), $0.integer(1)) } ?? (0, 0)
        places[topic] = found
        return found
    }
}
