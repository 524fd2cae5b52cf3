import MechaCore
import MechaSQLite
import Testing

@Suite struct SQLiteLocationTests {
    private func parse(_ text: String) throws -> SQLiteLocation {
        try SQLiteLocation(connectionString: text, relativeTo: "/work")
    }

    @Test(arguments: [
        ("data.db", "/work/data.db"), ("./data.db", "/work/./data.db"), ("/abs/data.db", "/abs/data.db"),
        ("file:data.db", "/work/data.db"), ("file:/abs/a%20b%3f.db?mode=rwc", "/abs/a b?.db"), ("file:///abs/data.db", "/abs/data.db"),
        ("file://localhost/abs/data.db#fragment", "/abs/data.db"), ("data.db?_journal=WAL", "/work/data.db"),
        ("odd name#1.db", "/work/odd name#1.db"),
    ])
    func `a connection string names a file`(text: String, path: String) throws {
        #expect(try parse(text).path == path)
    }

    @Test(arguments: [":memory:", "file::memory:", "file:name?mode=memory&cache=shared"])
    func `a connection string may name memory`(text: String) throws {
        #expect(try parse(text).isInMemory)
    }

    @Test func `parameters of several drivers are understood`() throws {
        let modern = try parse(
            "file:data.db?_pragma=busy_timeout(500)&_pragma=journal_mode(DELETE)&_pragma=cache_size(-4000)&_txlock=immediate")
        #expect(modern.busyTimeout == .milliseconds(500))
        #expect(modern.usesWAL == false)
        #expect(modern.ignoredParameters == ["_txlock"])
        let older = try parse("data.db?_busy_timeout=1500&_journal_mode=wal&_synchronous=normal")
        #expect(older.busyTimeout == .milliseconds(1500))
        #expect(older.usesWAL == true)
        #expect(older.ignoredParameters.isEmpty)
    }

    @Test(arguments: [
        "", "file:", "file://host/data.db", "file:a%2", "data.db?mode=all", "data.db?_journal=off", "data.db?_journal=memory",
        "data.db?_pragma=writable_schema(1)", "data.db?_pragma=cache_size(1; DROP TABLE x)", "data.db?_timeout=soon",
    ])
    func `what makes no sense or endangers data is refused`(text: String) {
        #expect(throws: MetadataError.self) { try parse(text) }
    }
}
