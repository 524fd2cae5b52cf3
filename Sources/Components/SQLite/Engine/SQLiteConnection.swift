import CSQLite

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection to a database, used from one thread only. Statements are prepared once and kept.
public final class SQLiteConnection {
    private let database: OpaquePointer
    private var statements: [String: SQLiteStatement] = [:]
    /// On the monotonic clock; a statement that is still running then is interrupted.
    fileprivate var deadlineNanoseconds = UInt64.max
    /// Nil when that is not for calls to decide.
    private var waitsForDisk: Bool?

    /// Instructions of SQLite's virtual machine between two looks at the clock.
    private static let instructionsPerDeadlineCheck: Int32 = 10_000

    init(_ options: SQLiteOptions) throws {
        var database: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        options.location.createFileIfMissing()
        let code = sqlite3_open_v2(options.location.uri, &database, flags, nil)
        guard code == SQLITE_OK, let database else {
            let error = SQLiteError(code, database)
            sqlite3_close_v2(database)
            throw error
        }
        self.database = database
        waitsForDisk = options.syncsCommits && options.location.pragmas.allSatisfy { $0.name != "synchronous" } ? true : nil
        sqlite3_busy_timeout(database, Int32(clamping: options.busyTimeout.wholeNanoseconds / 1_000_000))
        sqlite3_progress_handler(
            database, Self.instructionsPerDeadlineCheck, interruptWhenOverdue, Unmanaged.passUnretained(self).toOpaque())
        try SQLiteFunctions.register(on: database)
    }

    deinit {
        statements.removeAll()
        sqlite3_close_v2(database)
    }

    // MARK: - Statements

    /// Runs one or more statements that neither take values nor give rows.
    public func execute(_ sql: String) throws {
        let code = sqlite3_exec(database, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code, database) }
    }

    /// Runs a statement to its end and answers how many rows it changed. Rows that it gives are dropped.
    @discardableResult
    public func run(_ sql: String, _ values: SQLiteValue...) throws -> Int {
        try withStatement(sql, values) { statement in while try statement.step() {} }
        return Int(sqlite3_changes64(database))
    }

    /// The first row of a query, or nil when there is none.
    public func first<Value>(_ sql: String, _ values: SQLiteValue..., read: (SQLiteStatement) throws -> Value) throws -> Value? {
        try withStatement(sql, values) { statement in try statement.step() ? read(statement) : nil }
    }

    /// Reads rows until there are no more or `row` answers false.
    public func forEach(_ sql: String, _ values: SQLiteValue..., row: (SQLiteStatement) throws -> Bool) throws {
        try withStatement(sql, values) { statement in while try statement.step(), try row(statement) {} }
    }

    private func withStatement<Value>(
        _ sql: String, _ values: [SQLiteValue], _ body: (SQLiteStatement) throws -> Value
    ) throws -> Value {
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(values)
        return try body(statement)
    }

    /// The statement itself, for who runs it many times in a row and resets it after the last.
    func statement(_ sql: String) throws -> SQLiteStatement {
        if let known = statements[sql] { return known }
        let statement = try SQLiteStatement(sql, database)
        statements[sql] = statement
        return statement
    }

    // MARK: - Transactions

    /// Whether commits wait for the disk, from the next transaction on; nothing changes where the options say that
    /// none does. What an earlier commit did not wait for is on the disk with the next that does.
    func setWaitsForDisk(_ waits: Bool) throws {
        guard let current = waitsForDisk, current != waits else { return }
        try execute("PRAGMA synchronous=\(waits ? "FULL" : "NORMAL")")
        waitsForDisk = waits
    }

    /// False outside of a transaction, and after an error that made SQLite roll one back by itself.
    public var isInTransaction: Bool { sqlite3_get_autocommit(database) == 0 }

    /// Runs `body` inside a savepoint: when it throws, what it did is undone, and nothing else.
    func withSavepoint<Value>(_ body: () throws -> Value) throws -> Value {
        try run("SAVEPOINT call")
        do {
            let value = try body()
            try run("RELEASE call")
            return value
        } catch {
            if isInTransaction {
                try run("ROLLBACK TO call")
                try run("RELEASE call")
            }
            throw error
        }
    }

    /// Runs `body` in a transaction of its own that takes the write lock at once.
    public func withImmediateTransaction<Value>(_ body: () throws -> Value) throws -> Value {
        try run("BEGIN IMMEDIATE")
        do {
            let value = try body()
            try run("COMMIT")
            return value
        } catch {
            rollBackIfOpen()
            throw error
        }
    }

    func rollBackIfOpen() {
        if isInTransaction { _ = try? run("ROLLBACK") }
    }

    // MARK: - State of the file and of time

    /// Whether the file was deleted, renamed or replaced since it was opened: what is written through
    /// this connection would be lost.
    var hasMoved: Bool {
        var moved: Int32 = 0
        return sqlite3_file_control(database, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
    }

    /// Interrupts whatever `body` runs when the monotonic clock reaches `deadline`.
    func withDeadline<Value>(_ deadline: UInt64, _ body: () throws -> Value) rethrows -> Value {
        deadlineNanoseconds = deadline
        defer { deadlineNanoseconds = .max }
        return try body()
    }
}

private func interruptWhenOverdue(_ context: UnsafeMutableRawPointer?) -> Int32 {
    guard let context else { return 0 }
    let connection = Unmanaged<SQLiteConnection>.fromOpaque(context).takeUnretainedValue()
    guard connection.deadlineNanoseconds != .max else { return 0 }
    return monotonicNanoseconds() >= connection.deadlineNanoseconds ? 1 : 0
}

/// The monotonic clock of the machine; the worker measures waiting with it whatever clock the component has.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
