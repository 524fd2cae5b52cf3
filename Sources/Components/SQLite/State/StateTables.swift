import CSQLite
import MechaCore
import NIOCore

/// Names and SQL of a state store's tables. The layout is Dapr's (section 8.2 of the Dapr surface), so
/// that each program opens the other's file: a table of entries, and a table of properties that holds
/// the number of migrations done under the key `migrations`.
struct StateTables: Sendable {
    /// Migrations that this code knows: the first made the table.
    static let migrationLevel = 1

    let get: String
    let put: String
    let putIfAbsent: String
    let putIfEtag: String
    let delete: String
    let deleteIfEtag: String
    let keys: String
    let entries: String
    let deleteRange: String
    let deleteExpired: String

    private let entryTable: String
    private let propertyTable: String

    /// Takes names that ``SQLiteName`` accepts.
    init(entryTable: String, propertyTable: String) {
        self.entryTable = entryTable
        self.propertyTable = propertyTable
        let table = "\"\(entryTable)\""
        let columns = "key, value, is_binary, etag, expiration_time"
        // ?1 key, ?2 value, ?3 is_binary, ?4 etag, ?5 expiration_time, ?6 now, ?7 the etag expected
        let insert = "INSERT INTO \(table) (\(columns), update_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        let update = "value = ?2, is_binary = ?3, etag = ?4, expiration_time = ?5, update_time = ?6"
        get = "SELECT \(columns) FROM \(table) WHERE key = ?1"
        put = "\(insert) ON CONFLICT (key) DO UPDATE SET \(update)"
        putIfAbsent = "\(put) WHERE expiration_time <= ?6"
        putIfEtag = "UPDATE \(table) SET \(update) WHERE key = ?1 AND etag = ?7 AND (expiration_time IS NULL OR expiration_time > ?6)"
        delete = "DELETE FROM \(table) WHERE key = ?1"
        deleteIfEtag = "\(delete) AND etag = ?2 AND (expiration_time IS NULL OR expiration_time > ?3)"
        // ?1 first key, ?2 the key before it or NULL, ?3 end, ?4 now, ?5 limit
        let range = "key >= ?1 AND (?2 IS NULL OR key > ?2) AND key < ?3 AND (expiration_time IS NULL OR expiration_time > ?4)"
        keys = "SELECT key FROM \(table) WHERE \(range) ORDER BY key LIMIT ?5"
        entries = "SELECT \(columns) FROM \(table) WHERE \(range) ORDER BY key LIMIT ?5"
        deleteRange = "DELETE FROM \(table) WHERE key >= ?1 AND key < ?2"
        deleteExpired =
            "DELETE FROM \(table) WHERE rowid IN (SELECT rowid FROM \(table) WHERE expiration_time <= ?1 LIMIT ?2)"
    }

    /// The end of the range of keys that begin with `prefix`: no UTF-8 text holds the byte 0xff, so every
    /// such key is less than `prefix` followed by it.
    static func end(ofPrefix prefix: String) -> SQLiteValue {
        var bytes = ByteBuffer(string: prefix)
        bytes.writeInteger(UInt8.max)
        return .utf8(bytes)
    }

    // MARK: - Creation

    /// Brings the database to what this code needs; several processes may do so at once. A database that
    /// later versions have changed further is left as it is.
    func prepare(_ connection: SQLiteConnection) throws {
        if try !isPresent(connection) {
            try connection.withImmediateTransaction { try create(connection) }
        }
        do {
            // Finds expired entries without a look at all others. Dapr neither needs nor minds it.
            try connection.execute(
                "CREATE INDEX IF NOT EXISTS \"mecha_\(entryTable)_expiration\" ON \"\(entryTable)\" (expiration_time) WHERE expiration_time IS NOT NULL"
            )
        } catch let error as SQLiteError where error.primaryCode == SQLITE_READONLY {}
    }

    private func isPresent(_ connection: SQLiteConnection) throws -> Bool {
        let found = try connection.first(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN (?1, ?2)", .text(entryTable), .text(propertyTable)
        ) { $0.integer(0) }
        guard found == 2 else { return false }
        return try migrationsDone(connection) >= Self.migrationLevel
    }

    private func migrationsDone(_ connection: SQLiteConnection) throws -> Int {
        let text = try connection.first("SELECT value FROM \"\(propertyTable)\" WHERE key = 'migrations'") { $0.text(0) }
        guard let text else { return 0 }
        guard let level = Int(text), level >= 0 else {
            throw CapabilityError(.backend, "table \"\(propertyTable)\" holds no number under the key \"migrations\"")
        }
        return level
    }

    private func create(_ connection: SQLiteConnection) throws {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS "\(propertyTable)" (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS "\(entryTable)" (
                key TEXT NOT NULL PRIMARY KEY,
                value TEXT NOT NULL,
                is_binary BOOLEAN NOT NULL,
                etag TEXT NOT NULL,
                expiration_time TIMESTAMP DEFAULT NULL,
                update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
            )
            """)
        let level = max(try migrationsDone(connection), Self.migrationLevel)
        try connection.run("REPLACE INTO \"\(propertyTable)\" (key, value) VALUES ('migrations', ?1)", .text("\(level)"))
    }
}
