import Logging
import MechaCore

/// Runs SQLite for callers that must not block: one thread writes with group commit, one thread reads.
///
/// A call waits as a suspended task and is resumed where it came from. A caller that is cancelled stops
/// waiting at once; whether a write still happens is then unknown.
public final class SQLiteWorker: Sendable {
    private let options: SQLiteOptions
    private let writer: SQLiteLane
    /// Nil when reads go through the writer, as they must for a database in memory, which only one
    /// connection can see.
    private let reader: SQLiteLane?

    public init(_ options: SQLiteOptions, logger: Logger) {
        self.options = options
        writer = SQLiteLane(.writer, options, logger: logger)
        reader = options.location.isInMemory || !options.hasReadingThread ? nil : SQLiteLane(.reader, options, logger: logger)
    }

    public var status: ComponentStatus { writer.status }

    /// Writes in the queue, not those that the thread has taken.
    var writesWaiting: Int { writer.queue.count }

    /// Transactions that the writing thread has committed.
    var commits: Int { writer.commits }

    /// Starts the writing thread, which opens the database. A database that cannot be opened is no error:
    /// ``status`` tells, calls fail with the reason, and opening is tried again.
    public func start() throws { try writer.startIfNeeded() }

    /// Finishes the calls that wait, then closes the database.
    public func close() async {
        await reader?.close()
        await writer.close()
    }

    /// Runs `body` in a transaction with others; answers when it is committed and on the disk. What
    /// `body` did before it throws is undone. It may run more than once, so it must do nothing but use the
    /// connection, and must not end the transaction.
    public func write<Value: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> Value) async throws -> Value {
        try await call(writer, body)
    }

    /// Runs `body`, which must not write, on a snapshot that holds everything acknowledged before.
    public func read<Value: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> Value) async throws -> Value {
        try await call(reader ?? writer, body)
    }

    /// A job that must be served before so long.
    var deadlineOfCalls: UInt64 { monotonicNanoseconds() + UInt64(max(0, options.callTimeout.wholeNanoseconds)) }

    /// Gives the writing thread a job of the caller's own kind, which it answers in any case.
    func submit(_ job: any SQLiteJob) {
        do { try writer.startIfNeeded() } catch { return job.fail(error) }
        switch writer.queue.push(job) {
        case .accepted: break
        case .full: job.fail(CapabilityError(.resourceExhausted, "\(options.maximumQueuedCalls) calls wait for the database already"))
        case .closed: job.fail(CapabilityError(.closed, "the database is closed"))
        }
    }

    private func call<Value: Sendable>(
        _ lane: SQLiteLane, _ body: @escaping @Sendable (SQLiteConnection) throws -> Value
    ) async throws -> Value {
        try lane.startIfNeeded()
        return try await SQLiteCall(deadline: deadlineOfCalls, body).answer { call in
            switch lane.queue.push(call) {
            case .accepted: break
            case .full:
                call.fail(
                    CapabilityError(.resourceExhausted, "\(options.maximumQueuedCalls) calls wait for the database already"))
            case .closed: call.fail(CapabilityError(.closed, "the database is closed"))
            }
        }
    }
}
