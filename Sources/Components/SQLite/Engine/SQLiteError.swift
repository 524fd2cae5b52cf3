import CSQLite
import MechaCore

/// What the SQLite library reported. Messages name tables, columns and files, never values.
public struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// Extended result code (https://www.sqlite.org/rescode.html).
    public let code: Int32
    public let message: String

    public init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    init(_ code: Int32, _ database: OpaquePointer?) {
        let message = database.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        self.init(code: database.map { sqlite3_extended_errcode($0) } ?? code, message: message.map { String(cString: $0) } ?? "unknown")
    }

    /// The result code without its extension.
    public var primaryCode: Int32 { code & 0xff }

    public var description: String { "SQLite error \(code): \(message)" }

    /// Another connection holds a lock; trying again can help.
    var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }

    /// Another process opened the file at the same moment: the journal that was to be removed is gone already
    /// (SQLITE_IOERR_DELETE_NOENT), or it holds a lock for which SQLite does not wait (SQLITE_IOERR_RDLOCK among them).
    var isLostRace: Bool { isBusy || code == SQLITE_IOERR | (23 << 8) || code == SQLITE_IOERR | (9 << 8) }

    /// The connection should be opened afresh before it is used again: the file may have been replaced
    /// or mended in between.
    var spoilsConnection: Bool {
        [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PROTOCOL, SQLITE_NOLFS].contains(primaryCode)
    }

    /// The error as callers of a component see it.
    public var capabilityError: CapabilityError {
        let code: CapabilityError.Code
        let problem: String
        switch primaryCode {
        case SQLITE_BUSY, SQLITE_LOCKED: (code, problem) = (.unavailable, "the database is locked by another process")
        case SQLITE_FULL: (code, problem) = (.resourceExhausted, "the disk, or the size allowed for the database, is full")
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: (code, problem) = (.permissionDenied, "the database cannot be written")
        case SQLITE_CANTOPEN: (code, problem) = (.unavailable, "the database file cannot be opened")
        case SQLITE_CORRUPT, SQLITE_NOTADB: (code, problem) = (.backend, "the file is damaged or is no SQLite database")
        case SQLITE_IOERR: (code, problem) = (.unavailable, "reading or writing the database file failed")
        case SQLITE_INTERRUPT: (code, problem) = (.timeout, "the operation took longer than its timeout")
        case SQLITE_TOOBIG: (code, problem) = (.invalidArgument, "a value is larger than SQLite stores")
        case SQLITE_NOMEM: (code, problem) = (.resourceExhausted, "SQLite has no memory left")
        default: (code, problem) = (.backend, "SQLite refused the operation")
        }
        return CapabilityError(code, "\(problem) (\(message), code \(self.code))", cause: self)
    }
}
