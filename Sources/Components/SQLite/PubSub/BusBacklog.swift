import MechaCore

/// The work that callers gave and the writing thread has not taken: kept under the lock of ``SQLitePubSub``.
struct BusBacklog {
    private var work = BusWork()
    private var bytes = 0
    /// A round is under way or in the thread's queue; it looks here again when it ends.
    private var isScheduled = false
    /// A transaction with publications failed: what was settled is tried without any.
    private var leavesPublications = false
    var isClosed = false

    /// Each of the following answers whether a round is to be set off.
    mutating func add(_ publications: some Collection<BusPublication>, _ limits: BusLimits) throws -> Bool {
        guard !isClosed else { throw CapabilityError(.closed, "the broker is closed") }
        let added = publications.reduce(0) { $0 + $1.body.bytes }
        guard
            work.publications.isEmpty
                || work.publications.count + publications.count <= limits.maximumWaitingMessages
                    && bytes + added <= limits.maximumWaitingBytes
        else {
            throw CapabilityError(
                .resourceExhausted,
                "\(work.publications.count) messages of \(bytes) bytes wait to be written; at most \(limits.maximumWaitingMessages) of \(limits.maximumWaitingBytes) bytes"
            )
        }
        bytes += added
        work.publications += publications
        return schedule()
    }

    mutating func add(_ settlements: [BusSettlement]) -> Bool {
        work.settlements += settlements
        return schedule()
    }

    mutating func add(_ command: BusCommand) -> Bool {
        work.commands.append(command)
        return schedule()
    }

    mutating func wakeAll() -> Bool {
        work.wakesAll = true
        return schedule()
    }

    /// What the round that is under way does: all of it, but of publications no more than share a commit.
    mutating func take() -> BusWork {
        var taken = work
        work = BusWork()
        var (count, size) = (0, 0)
        if !leavesPublications {
            while count < min(taken.publications.count, BusLimits.publicationsPerCommit), size < BusLimits.publicationBytesPerCommit {
                size += taken.publications[count].body.bytes
                count += 1
            }
        }
        leavesPublications = false
        work.publications = Array(taken.publications[count...])
        taken.publications.removeSubrange(count...)
        bytes -= size
        return taken
    }

    /// Puts back what a failed transaction must do yet; `atOnce` for a round without publications now, otherwise
    /// the caller sees to a later one.
    mutating func putBack(_ settlements: [BusSettlement], _ commands: [BusCommand], wakesAll: Bool, atOnce: Bool) {
        work.settlements = settlements + work.settlements
        work.commands = commands + work.commands
        work.wakesAll = work.wakesAll || wakesAll
        leavesPublications = atOnce
    }

    /// Ends a round. True when another follows.
    mutating func roundEnded(failed: Bool) -> Bool {
        isScheduled = false
        if failed, !leavesPublications, work.publications.isEmpty { return false }
        return work.isEmpty ? false : schedule()
    }

    mutating func retry() -> Bool { work.isEmpty ? false : schedule() }

    private mutating func schedule() -> Bool {
        guard !isScheduled else { return false }
        isScheduled = true
        return true
    }
}
