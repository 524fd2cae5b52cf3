import Logging
import MechaCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One thread with one connection and the queue of calls before it.
///
/// The connection is opened by the thread when it starts, and again when an error spoiled it or the file
/// was replaced; until that succeeds, calls fail at once with the reason.
final class SQLiteLane: Sendable {
    enum Kind {
        /// Takes the write lock and commits what it took from the queue together.
        case writer
        /// Serves what it took from the queue from one snapshot.
        case reader
    }

    /// Between two attempts to open the database.
    static let reopenPause: Duration = .milliseconds(500)
    private static let openingPauseMicroseconds: UInt32 = 5_000

    let queue: BlockingQueue<any SQLiteJob>
    private let kind: Kind
    private let options: SQLiteOptions
    private let logger: Logger
    private let shared = Mutex(Shared())

    private struct Shared {
        var status = ComponentStatus(.connecting, reason: "the database is not open yet")
        var isStarted = false
        var isFinished = false
        var commits = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// What only the thread touches.
    private struct Work {
        var connection: SQLiteConnection?
        var lastFailure: (at: UInt64, error: any Error)?
    }

    init(_ kind: Kind, _ options: SQLiteOptions, logger: Logger) {
        self.kind = kind
        self.options = options
        self.logger = logger
        queue = BlockingQueue(capacity: options.maximumQueuedCalls)
    }

    var status: ComponentStatus { shared.withLock { $0.status } }

    /// Transactions committed so far.
    var commits: Int { shared.withLock { $0.commits } }

    /// Starts the thread unless it runs already or never will again.
    func startIfNeeded() throws {
        let mustStart = shared.withLock { shared in
            guard !shared.isStarted, shared.status.phase != .closed else { return false }
            shared.isStarted = true
            return true
        }
        guard mustStart else { return }
        do {
            try WorkerThread.start { self.run() }
        } catch {
            shared.withLock { $0.isStarted = false }
            throw error
        }
    }

    /// Finishes the calls that wait, then closes the connection.
    func close() async {
        queue.close()
        await withCheckedContinuation { continuation in
            let isOver = shared.withLock { shared in
                shared.status = ComponentStatus(.closed)
                if shared.isFinished || !shared.isStarted { return true }
                shared.waiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    // MARK: - On the thread

    private func run() {
        var work = Work()
        _ = try? open(&work)
        while let jobs = queue.take(limit: options.maximumBatchCalls) {
            let now = monotonicNanoseconds()
            serve(jobs.filter { isWorthServing($0, at: now) }, &work)
        }
        work.connection = nil
        let waiters = shared.withLock { shared in
            shared.isFinished = true
            defer { shared.waiters = [] }
            return shared.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func isWorthServing(_ job: any SQLiteJob, at now: UInt64) -> Bool {
        if job.isAnswered { return false }
        guard job.deadline <= now else { return true }
        job.fail(CapabilityError(.timeout, "the operation waited longer than its timeout for the database"))
        return false
    }

    private func serve(_ jobs: [any SQLiteJob], _ work: inout Work) {
        guard !jobs.isEmpty else { return }
        do {
            let connection = try open(&work)
            let batch = SQLiteBatch(jobs, on: connection)
            switch kind {
            case .writer: batch.commit()
            case .reader: batch.read()
            }
            shared.withLock { $0.commits += batch.commits }
            if batch.hasSpoiledConnection { work.connection = nil }
        } catch {
            for job in jobs { job.fail(Self.visible(error)) }
        }
    }

    /// The open connection, or a new one. While the database cannot be opened, the last reason is given
    /// again for a while, so that callers get their answer at once.
    private func open(_ work: inout Work) throws -> SQLiteConnection {
        if let connection = work.connection {
            guard connection.hasMoved else { return connection }
            logger.warning("database file was replaced, opening it again", metadata: ["database": "\(options.location.description)"])
            work.connection = nil
        }
        let now = monotonicNanoseconds()
        if let (at, error) = work.lastFailure, now < at + UInt64(Self.reopenPause.wholeNanoseconds) { throw error }
        do {
            let connection = try connect()
            if work.lastFailure != nil {
                logger.notice("database is open again", metadata: ["database": "\(options.location.description)"])
            }
            work = Work(connection: connection, lastFailure: nil)
            setStatus(.ready)
            return connection
        } catch {
            if work.lastFailure == nil {
                logger.error(
                    "database cannot be opened", metadata: ["database": "\(options.location.description)", "error": "\(error)"])
            }
            work.lastFailure = (now, error)
            setStatus(ComponentStatus(.connecting, reason: "\(Self.visible(error))"))
            throw error
        }
    }

    /// Several processes may open a new file at once, and each wants to set its journal up: who loses tries again.
    private func connect() throws -> SQLiteConnection {
        let deadline = monotonicNanoseconds() + UInt64(options.busyTimeout.wholeNanoseconds)
        while true {
            do {
                let connection = try SQLiteConnection(options)
                for pragma in options.pragmas { try connection.execute(pragma) }
                try options.prepare(connection)
                return connection
            } catch let error as SQLiteError where error.isLostRace && monotonicNanoseconds() < deadline {
                usleep(Self.openingPauseMicroseconds)
            }
        }
    }

    private func setStatus(_ status: ComponentStatus) {
        shared.withLock { shared in
            if shared.status.phase != .closed { shared.status = status }
        }
    }

    static func visible(_ error: any Error) -> any Error {
        (error as? SQLiteError)?.capabilityError ?? error
    }
}
