import MechaCore
import MechaSQLite

/// The table of a host's registry: a row for each app that a runtime announces, with the process that
/// answers for it and the time of its last sign of life.
struct RegistryTable: Sendable {
    private let name: String

    init(name: String) { self.name = "\"\(name)\"" }

    struct Row {
        var endpoint: PeerEndpoint
        var process: ProcessIdentity
        var heartbeat: Timestamp
    }

    func prepare(_ connection: SQLiteConnection) throws {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS \(name) (
                namespace TEXT NOT NULL,
                app_id TEXT NOT NULL,
                host TEXT NOT NULL,
                port INTEGER NOT NULL,
                http_port INTEGER,
                grpc_port INTEGER,
                realm TEXT NOT NULL,
                process_id INTEGER NOT NULL,
                start_ticks INTEGER NOT NULL,
                heartbeat INTEGER NOT NULL,
                PRIMARY KEY (namespace, app_id, host, port)
            ) WITHOUT ROWID
            """)
    }

    /// Writes the row, in the place of an older one of the same address.
    func put(_ registration: AppRegistration, by process: ProcessIdentity, at now: Timestamp, _ connection: SQLiteConnection) throws {
        try connection.run(
            "REPLACE INTO \(name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            .text(registration.address.namespace), .text(registration.address.appID),
            .text(registration.endpoint.host), .integer(Int64(registration.endpoint.port)),
            Self.port(registration.httpPort), Self.port(registration.grpcPort),
            .text(process.realm), .integer(Int64(process.processID)), .integer(process.startTicks), .integer(now.seconds))
    }

    /// Removes the row unless another process has taken the address over.
    func remove(_ registration: AppRegistration, by process: ProcessIdentity, _ connection: SQLiteConnection) throws {
        try connection.run(
            """
            DELETE FROM \(name) WHERE namespace = ?1 AND app_id = ?2 AND host = ?3 AND port = ?4
                AND realm = ?5 AND process_id = ?6 AND start_ticks = ?7
            """,
            .text(registration.address.namespace), .text(registration.address.appID),
            .text(registration.endpoint.host), .integer(Int64(registration.endpoint.port)),
            .text(process.realm), .integer(Int64(process.processID)), .integer(process.startTicks))
    }

    func rows(of app: AppAddress, _ connection: SQLiteConnection) throws -> [Row] {
        var rows: [Row] = []
        try connection.forEach(
            """
            SELECT host, port, realm, process_id, start_ticks, heartbeat FROM \(name)
            WHERE namespace = ?1 AND app_id = ?2 ORDER BY host, port
            """, .text(app.namespace), .text(app.appID)
        ) { row in
            rows.append(Self.row(row))
            return true
        }
        return rows
    }

    /// Removes the rows of processes for which `isAlive` is false.
    func removeDead(_ connection: SQLiteConnection, isAlive: (Row) -> Bool) throws {
        var dead: Set<ProcessIdentity> = []
        try connection.forEach("SELECT DISTINCT '', 0, realm, process_id, start_ticks, heartbeat FROM \(name)") { row in
            let row = Self.row(row)
            if !isAlive(row) { dead.insert(row.process) }
            return true
        }
        for process in dead {
            try connection.run(
                "DELETE FROM \(name) WHERE realm = ?1 AND process_id = ?2 AND start_ticks = ?3",
                .text(process.realm), .integer(Int64(process.processID)), .integer(process.startTicks))
        }
    }

    private static func row(_ row: SQLiteStatement) -> Row {
        Row(
            endpoint: PeerEndpoint(host: row.text(0), port: Int(row.integer(1))),
            process: ProcessIdentity(
                realm: row.text(2), processID: Int32(truncatingIfNeeded: row.integer(3)), startTicks: row.integer(4)),
            heartbeat: Timestamp(seconds: row.integer(5)))
    }

    private static func port(_ port: Int?) -> SQLiteValue { port.map { .integer(Int64($0)) } ?? .null }
}
