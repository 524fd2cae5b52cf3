import CSQLite
import Glibc

/// The floor for durable messages: rows inserted with nothing but the C library, with the same settings and in
/// transactions of the same size.
enum RawSQLite {
    static func insert(_ path: String, messages: Int, size: Int, batch: Int) {
        var database: OpaquePointer?
        check(sqlite3_open(path, &database), database)
        for sql in [
            "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-2048",
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, published INTEGER NOT NULL, data BLOB NOT NULL)",
        ] { check(sqlite3_exec(database, sql, nil, nil, nil), database) }
        var statement: OpaquePointer?
        check(sqlite3_prepare_v2(database, "INSERT INTO messages (published, data) VALUES (?1, ?2)", -1, &statement, nil), database)
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: size)
        let start = BenchClock.now()
        var done = 0
        while done < messages {
            check(sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil), database)
            for _ in 0..<min(batch, messages - done) {
                sqlite3_bind_int64(statement, 1, Int64(done))
                sqlite3_bind_blob64(statement, 2, body, UInt64(size), nil)
                guard sqlite3_step(statement) == SQLITE_DONE else { return check(SQLITE_ERROR, database) }
                sqlite3_reset(statement)
                done += 1
            }
            check(sqlite3_exec(database, "COMMIT", nil, nil, nil), database)
        }
        let end = BenchClock.now()
        print("seconds", end.wall - start.wall)
        print("cpu", end.cpu - start.cpu)
        sqlite3_finalize(statement)
        sqlite3_close(database)
    }

    private static func check(_ code: Int32, _ database: OpaquePointer?) {
        guard code != SQLITE_OK else { return }
        print("SQLite:", String(cString: sqlite3_errmsg(database)))
        exit(1)
    }
}
