import CSQLite
import NIOCore

/// A value that goes into a statement.
public enum SQLiteValue: Sendable {
    case null
    case integer(Int64)
    case text(String)
    /// Bytes that are valid UTF-8, stored as text.
    case utf8(ByteBuffer)
    case blob(ByteBuffer)

    public static func optional(_ text: String?) -> SQLiteValue { text.map(SQLiteValue.text) ?? .null }
}

/// A prepared statement, made and kept by its ``SQLiteConnection``. Columns are read between two steps
/// and count from 0.
public final class SQLiteStatement {
    private let database: OpaquePointer
    private let handle: OpaquePointer

    init(_ sql: String, _ database: OpaquePointer) throws {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code, database) }
        guard let handle else { throw SQLiteError(code: SQLITE_MISUSE, message: "the statement is empty") }
        self.database = database
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    /// Gives the parameters (`?1`, `?2`, ...) their values.
    func bind(_ values: [SQLiteValue]) throws {
        for (index, value) in values.enumerated() {
            let code = bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else { throw SQLiteError(code, database) }
        }
    }

    /// Gives one parameter, counted from 1, its value.
    func bind(_ number: Int64, at index: Int32) throws { try check(sqlite3_bind_int64(handle, index, number)) }

    func bind(_ number: Int64?, at index: Int32) throws {
        try check(number.map { sqlite3_bind_int64(handle, index, $0) } ?? sqlite3_bind_null(handle, index))
    }

    func bind(_ text: String?, at index: Int32) throws {
        try check(text.map { bind(.text($0), at: index) } ?? sqlite3_bind_null(handle, index))
    }

    /// Runs the statement to its end with a blob that is not copied.
    func run(withBlob buffer: ByteBuffer, at index: Int32) throws {
        try buffer.withUnsafeReadableBytes { bytes in
            // Nothing reads the bytes after the last step, and ``restart()`` or ``reset()`` comes before the next.
            try check(
                bytes.baseAddress.map { sqlite3_bind_blob64(handle, index, $0, UInt64(bytes.count), nil) }
                    ?? sqlite3_bind_zeroblob(handle, index, 0))
            while try step() {}
        }
    }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw SQLiteError(code, database) }
    }

    /// Goes to the next row; false at the end.
    public func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw SQLiteError(code, database)
        }
    }

    /// Makes the statement ready to run again with other values; those that are not given anew stay.
    func restart() { sqlite3_reset(handle) }

    /// Makes the statement ready for its next use and lets go of values.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    private func bind(_ value: SQLiteValue, at index: Int32) -> Int32 {
        // Tells SQLite to copy: the bytes belong to Swift and may move after the call.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let number): return sqlite3_bind_int64(handle, index, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text64(handle, index, $0.baseAddress ?? Self.nothing, UInt64($0.count), copied, UInt8(SQLITE_UTF8))
                }
            }
        case .utf8(let buffer):
            return buffer.withUnsafeReadableBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text64(handle, index, $0.baseAddress ?? Self.nothing, UInt64($0.count), copied, UInt8(SQLITE_UTF8))
                }
            }
        case .blob(let buffer):
            return buffer.withUnsafeReadableBytes { bytes in
                guard let base = bytes.baseAddress, !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, index, 0) }
                return sqlite3_bind_blob64(handle, index, base, UInt64(bytes.count), copied)
            }
        }
    }

    /// Stands for the address of empty text: a null pointer would bind NULL.
    private nonisolated(unsafe) static let nothing = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))

    // MARK: - Columns

    public func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    public func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    /// The bytes of a text or blob; invalid UTF-8 is repaired.
    public func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    public func buffer(_ column: Int32) -> ByteBuffer { ByteBuffer(bytes: bytes(column)) }

    private func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        // The pointer first, then the count: the first call may convert the value.
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }
}
