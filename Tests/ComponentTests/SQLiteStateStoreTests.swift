import Glibc
import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaSQLite

/// What is particular to the SQLite store; what every store promises is in the conformance suite.
@Suite struct SQLiteStateStoreTests {
    private let directory: TemporaryDirectory
    private let clock = ManualClock()

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.file("data.db") }

    private func store(_ metadata: [String: String] = ["connectionString": "data.db"]) async throws -> SQLiteStateStore {
        let store = try SQLiteStateStore(metadata: ComponentMetadata(metadata), environment: environment(directory, clock: clock))
        try await store.start()
        return store
    }

    private func text(_ store: SQLiteStateStore, _ key: String) async throws -> String? {
        try await store.get(key, StateReadOptions()).map { String(buffer: $0.value) }
    }

    // MARK: - Layout

    @Test func `a file that Dapr made is read and written`() async throws {
        // As Dapr's migration makes it, with an entry of each form that Dapr writes.
        _ = try await SQLiteShell.run(
            """
            CREATE TABLE metadata (key text NOT NULL PRIMARY KEY, value text NOT NULL);
            INSERT INTO metadata VALUES ('migrations', '1'), ('last-cleanup', CURRENT_TIMESTAMP);
            CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, is_binary BOOLEAN NOT NULL, etag TEXT NOT NULL,
                expiration_time TIMESTAMP DEFAULT NULL, update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
            INSERT INTO state (key, value, is_binary, etag) VALUES ('app||json', '{"a":1}', 0, '8f5c1d62-6b6a-4b59-9b8e-6d1c3f1a2b3c'),
                ('app||bytes', 'AP8B', 1, 'e2');
            INSERT INTO state VALUES ('app||live', '1', 0, 'e3', '2026-01-01 00:00:10', CURRENT_TIMESTAMP),
                ('app||dead', '1', 0, 'e4', '2025-12-31 23:59:59', CURRENT_TIMESTAMP)
            """, on: path)
        let store = try await store()
        #expect(try await text(store, "app||json") == #"{"a":1}"#)
        #expect(try await store.get("app||bytes", StateReadOptions())?.value == ByteBuffer(bytes: [0, 255, 1]))
        #expect(try await store.get("app||live", StateReadOptions())?.expiresAt == Timestamp(rfc3339: "2026-01-01T00:00:10Z"))
        #expect(try await text(store, "app||dead") == nil)
        try await store.set(StateWrite(key: "app||json", value: ByteBuffer(string: "2"), etag: "8f5c1d62-6b6a-4b59-9b8e-6d1c3f1a2b3c"))
        #expect(try await text(store, "app||json") == "2")
        await store.close()
    }

    @Test func `a file of ours is as Dapr expects it`() async throws {
        let store = try await store()
        try await store.set(StateWrite(key: "app||json", value: ByteBuffer(string: #"{"a":1}"#), ttlInSeconds: 90))
        try await store.set(StateWrite(key: "app||bytes", value: ByteBuffer(bytes: [0, 255, 1])))
        await store.close()
        #expect(try await SQLiteShell.run("SELECT value FROM metadata WHERE key = 'migrations'", on: path) == "1")
        // The conditions are those of Dapr's own statements.
        let live = "AND (expiration_time IS NULL OR expiration_time > '2026-01-01 00:01:29')"
        #expect(
            try await SQLiteShell.run(
                "SELECT value, is_binary, length(etag), expiration_time FROM state WHERE key = 'app||json' \(live)", on: path)
                == #"{"a":1}|0|36|2026-01-01 00:01:30"#)
        #expect(try await SQLiteShell.run("SELECT value, is_binary FROM state WHERE key = 'app||bytes'", on: path) == "AP8B|1")
        #expect(
            try await SQLiteShell.run(
                "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\") FROM pragma_table_info('state')", on: path)
                == "key TEXT 1,value TEXT 1,is_binary BOOLEAN 1,etag TEXT 1,expiration_time TIMESTAMP 0,update_time TIMESTAMP 1")
    }

    @Test func `a file with the generated column of some Dapr versions is usable, and its version is left alone`() async throws {
        let before = try await store()
        try await before.set(StateWrite(key: "app||type||id||field", value: ByteBuffer(string: "1")))
        await before.close()
        let changed = try SQLiteConnection(SQLiteOptions(location: SQLiteLocation(path: path)))
        try changed.execute(
            """
            ALTER TABLE state ADD COLUMN prefix TEXT GENERATED ALWAYS AS (parse_key_prefix(key)) VIRTUAL;
            CREATE INDEX state_prefix_index ON state (prefix) WHERE prefix != '';
            UPDATE metadata SET value = '2' WHERE key = 'migrations'
            """)
        let store = try await store()
        try await store.set(StateWrite(key: "plain", value: ByteBuffer(string: "2")))
        #expect(try await text(store, "app||type||id||field") == "1")
        #expect(try await store.deleteAll(withPrefix: "app||type||id||") == 1)
        await store.close()
        #expect(try changed.first("SELECT value FROM metadata WHERE key = 'migrations'") { $0.text(0) } == "2")
        #expect(try changed.first("SELECT prefix FROM state WHERE key = 'plain'") { $0.text(0) } == "")
    }

    @Test func `tables may have other names, also reserved ones`() async throws {
        let store = try await store(["connectionString": "data.db", "tableName": "select", "metadataTableName": "table"])
        try await store.set(StateWrite(key: "k", value: ByteBuffer(string: "v")))
        #expect(try await text(store, "k") == "v")
        #expect(try await store.keys(withPrefix: "", after: nil, limit: 5) == ["k"])
        await store.close()
        #expect(try await SQLiteShell.run("SELECT count(*) FROM \"select\"", on: path) == "1")
    }

    // MARK: - Configuration

    @Test func `without a connection string the file lies in the data directory, which is made`() async throws {
        var place = environment(directory, name: "my store/..", clock: clock)
        place.dataDirectory = directory.file("new/data")
        let store = try SQLiteStateStore(metadata: ComponentMetadata(), environment: place)
        try await store.start()
        try await store.set(StateWrite(key: "k", value: ByteBuffer(string: "v")))
        await store.close()
        #expect(access(directory.file("new/data/my_store___.db"), F_OK) == 0)
    }

    @Test(arguments: [
        ["tableName": "a-b"], ["tableName": "1a"], ["metadataTableName": "a; DROP TABLE b"], ["timeout": "0s"], ["timeout": "soon"],
        ["busyTimeout": "x"], ["disableWAL": "perhaps"], ["cleanupInterval": "daily"], ["maxQueuedCalls": "0"],
        ["connectionString": "file:"],
    ])
    func `a setting that makes no sense is refused by name`(metadata: [String: String]) throws {
        #expect { try SQLiteStateStore(metadata: ComponentMetadata(metadata), environment: environment(directory)) } throws: { error in
            (error as? MetadataError).map { metadata.keys.contains($0.field) } ?? false
        }
    }

    @Test func `every setting is described, and no other`() throws {
        let settings = [
            "connectionString": ":memory:", "timeout": "5", "timeoutInSeconds": "5", "busyTimeout": "1s", "disableWAL": "true",
            "tableName": "t", "metadataTableName": "m", "cleanupInterval": "0", "cleanupIntervalInSeconds": "0", "maxQueuedCalls": "5",
        ]
        let fields = SQLiteStateStore.descriptor.fields
        #expect(try ComponentMetadata(settings).validate(against: fields).isEmpty)
        #expect(Set(fields.map(\.name)) == Set(settings.keys))
        #expect(
            try ComponentMetadata(["tablName": "t"]).validate(against: fields).map(\.description) == [
                "unknown metadata key \"tablName\"; did you mean \"tableName\"?"
            ])
    }

    // MARK: - Time

    @Test func `expired entries leave the file step by step, in the background`() async throws {
        let store = try await store(["connectionString": "data.db", "cleanupInterval": "10s"])
        let count = SQLiteStateStore.entriesPerStep * 2 + 10
        try await store.bulkSet((0..<count).map { StateWrite(key: "short-\($0)", value: ByteBuffer(string: "v"), ttlInSeconds: 5) })
        try await store.set(StateWrite(key: "long", value: ByteBuffer(string: "v"), ttlInSeconds: 60))
        try await store.set(StateWrite(key: "forever", value: ByteBuffer(string: "v")))
        while clock.sleeperCount == 0 { await Task.yield() }
        clock.advance(by: .seconds(10))
        // Sleeping again means that the round is over.
        while clock.sleeperCount == 0 { await Task.yield() }
        #expect(try await SQLiteShell.run("SELECT key FROM state ORDER BY key", on: path) == "forever\nlong")
        await store.close()
    }

    @Test func `a clock that is put back brings nothing back that was removed, and loses nothing`() async throws {
        let store = try await store()
        try await store.set(StateWrite(key: "ttl", value: ByteBuffer(string: "v"), ttlInSeconds: 60))
        try await store.set(StateWrite(key: "plain", value: ByteBuffer(string: "v")))
        clock.jump(by: .seconds(-86_400))
        #expect(try await text(store, "ttl") == "v")
        try await store.set(StateWrite(key: "plain", value: ByteBuffer(string: "w")))
        clock.jump(by: .seconds(2 * 86_400))
        #expect(try await text(store, "ttl") == nil)
        #expect(try await store.removeExpired() == 1)
        clock.jump(by: .seconds(-2 * 86_400))
        #expect(try await text(store, "ttl") == nil)
        #expect(try await text(store, "plain") == "w")
        await store.close()
    }

    // MARK: - Several processes

    @Test func `stores on one file see each other's writes and their etags`() async throws {
        let (a, b) = (try await store(), try await store())
        try await a.set(StateWrite(key: "k", value: ByteBuffer(string: "from a")))
        let entry = try #require(try await b.get("k", StateReadOptions()))
        try await b.set(StateWrite(key: "k", value: ByteBuffer(string: "from b"), etag: entry.etag))
        await #expect { try await a.set(StateWrite(key: "k", value: ByteBuffer(string: "late"), etag: entry.etag)) } throws: {
            ($0 as? CapabilityError)?.code == .etagMismatch
        }
        #expect(try await text(a, "k") == "from b")
        await a.close()
        await b.close()
    }

    @Test func `many stores may open a new file at once`() async throws {
        let stores = try await withThrowingTaskGroup(of: SQLiteStateStore.self) { group in
            for index in 0..<8 {
                group.addTask {
                    let store = try await store()
                    try await store.set(StateWrite(key: "\(index)", value: ByteBuffer(string: "v")))
                    return store
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(try await stores[0].keys(withPrefix: "", after: nil, limit: 100).count == 8)
        for store in stores { await store.close() }
    }

    @Test func `a query over more entries than a step looks at all of them`() async throws {
        let store = try await store()
        let count = SQLiteStateStore.entriesPerStep * 2 + 1
        try await store.bulkSet((0..<count).map { StateWrite(key: "k\($0)", value: ByteBuffer(string: #"{"n": \#($0)}"#)) })
        let query = try StateQuery.decode(
            ByteBuffer(string: #"{"filter": {"GTE": {"n": \#(count - 2)}}, "sort": [{"key": "n", "order": "DESC"}]}"#))
        #expect(try await store.query(query, metadata: [:]).results.map(\.key) == ["k\(count - 1)", "k\(count - 2)"])
        await store.close()
    }
}
