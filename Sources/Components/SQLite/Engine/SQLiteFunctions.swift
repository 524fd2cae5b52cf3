import CSQLite

/// SQL functions that files written by other programs rely on.
enum SQLiteFunctions {
    /// `parse_key_prefix(key)`: the part of a state key before its last `||`. Some versions of Dapr give
    /// their state table a generated column made with it, and SQLite can use such a table only where the
    /// function is known.
    static func register(on database: OpaquePointer) throws {
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
        let code = sqlite3_create_function_v2(database, "parse_key_prefix", 1, flags, nil, parseKeyPrefix, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code, database) }
    }
}

private func parseKeyPrefix(_ context: OpaquePointer?, _ count: Int32, _ arguments: UnsafeMutablePointer<OpaquePointer?>?) {
    guard let argument = arguments?.pointee, let text = sqlite3_value_text(argument) else { return sqlite3_result_null(context) }
    let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_value_bytes(argument)))
    var end = bytes.count - 2
    while end >= 0, !(bytes[end] == UInt8(ascii: "|") && bytes[end + 1] == UInt8(ascii: "|")) { end -= 1 }
    bytes.withMemoryRebound(to: CChar.self) {
        sqlite3_result_text(context, $0.baseAddress, Int32(max(0, end)), unsafeBitCast(-1, to: sqlite3_destructor_type.self))
    }
}
