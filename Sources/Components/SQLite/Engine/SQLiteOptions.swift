import MechaCore

/// How a ``SQLiteWorker`` opens and uses its database.
public struct SQLiteOptions: Sendable {
    public var location: SQLiteLocation
    /// Write-ahead logging: readers and one writer do not wait for each other. Off means a rollback journal.
    public var usesWAL = true
    /// How long SQLite waits for a lock of another process before it gives up once; the worker tries again
    /// until ``callTimeout``.
    public var busyTimeout: Duration = .seconds(2)
    /// How long a call may wait and run.
    public var callTimeout: Duration = .seconds(20)
    /// Calls that wait for a thread at most, counted for reads and writes apart; further ones are refused.
    public var maximumQueuedCalls = 10_000
    /// Writes that share a commit at most.
    public var maximumBatchCalls = 256
    /// Page cache of each connection.
    public var cacheKibibytes = 1_024
    /// Whether a commit waits for the disk. Off suits data that means nothing after a power failure.
    public var syncsCommits = true
    /// Whether reads have a thread and connection of their own. Off spares both where calls are few.
    public var hasReadingThread = true
    /// Whether pages that are freed are written over with zeros, as some builds of SQLite do; off spares a write of every
    /// page that rows are removed from.
    public var erasesFreedPages = true
    /// Runs on each connection when it is opened, outside of a transaction: creates tables.
    public var prepare: @Sendable (SQLiteConnection) throws -> Void = { _ in }

    public init(location: SQLiteLocation) {
        self.location = location
    }

    /// Settings of every connection.
    ///
    /// `synchronous=FULL` makes COMMIT wait until the log is on the disk. With NORMAL, which is often
    /// advised for write-ahead logging, a commit survives the end of the process but not a power failure,
    /// and nothing acknowledged may be lost. Group commit shares the price between the writes that wait.
    var pragmas: [String] {
        var pragmas = [
            "PRAGMA synchronous=\(syncsCommits ? "FULL" : "NORMAL")", "PRAGMA cache_size=-\(cacheKibibytes)", "PRAGMA temp_store=MEMORY",
            "PRAGMA trusted_schema=OFF",
        ]
        if !erasesFreedPages { pragmas.append("PRAGMA secure_delete=FAST") }
        if !location.isInMemory {
            pragmas.append(usesWAL ? "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode=DELETE")
            // A log that grew during a burst is cut back when it starts over.
            pragmas.append("PRAGMA journal_size_limit=\(16 << 20)")
        }
        return pragmas + location.pragmas.map { "PRAGMA \($0.name)=\($0.value)" }
    }
}
