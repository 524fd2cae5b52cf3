import Glibc
import Logging
import MechaCore
import MechaTestKit
import Synchronization
import Testing

@testable import MechaSQLite

/// The worker by itself: threads, queue, group commit, errors, recovery.
@Suite struct SQLiteWorkerTests {
    private let directory: TemporaryDirectory
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.file("test.db") }

    private func worker(_ change: (inout SQLiteOptions) -> Void = { _ in }) throws -> SQLiteWorker {
        var options = SQLiteOptions(location: SQLiteLocation(path: path))
        options.prepare = { try $0.execute("CREATE TABLE IF NOT EXISTS t (k INTEGER PRIMARY KEY, v TEXT NOT NULL)") }
        change(&options)
        let worker = SQLiteWorker(options, logger: logger)
        try worker.start()
        return worker
    }

    private func insert(_ worker: SQLiteWorker, _ key: Int) async throws {
        _ = try await worker.write { try $0.run("INSERT INTO t VALUES (?1, 'v')", .integer(Int64(key))) }
    }

    private func count(_ worker: SQLiteWorker) async throws -> Int64? {
        try await worker.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
    }

    /// Holds the writing thread until ``open()``, so that calls gather behind it.
    private final class Gate: Sendable {
        private let isOpen = Atomic(false)
        private let isEntered = Atomic(false)

        func open() { isOpen.store(true, ordering: .releasing) }

        /// On the writing thread.
        func wait() {
            isEntered.store(true, ordering: .releasing)
            while !isOpen.load(ordering: .acquiring) { usleep(200) }
        }

        /// Begins a write that holds the thread.
        func hold(_ worker: SQLiteWorker) async -> Task<Void, any Error> {
            let held = Task { _ = try await worker.write { _ in self.wait() } }
            while !isEntered.load(ordering: .acquiring) { await Task.yield() }
            return held
        }
    }

    /// Makes every call of `calls` wait in the queue before the first of them is served.
    private func together<Value: Sendable>(
        _ worker: SQLiteWorker, _ calls: [@Sendable () async throws -> Value]
    ) async -> [Result<Value, any Error>] {
        let gate = Gate()
        let held = await gate.hold(worker)
        return await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
            for (index, call) in calls.enumerated() {
                group.addTask {
                    do { return (index, .success(try await call())) } catch { return (index, .failure(error)) }
                }
            }
            while worker.writesWaiting < calls.count { await Task.yield() }
            gate.open()
            _ = await held.result
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    @Test func `writes that wait share one commit`() async throws {
        let worker = try worker()
        let results = await together(worker, (0..<50).map { key in { try await insert(worker, key) } })
        #expect(results.allSatisfy { (try? $0.get()) != nil })
        #expect(try await count(worker) == 50)
        await worker.close()
        // The first is that of the call which held the thread while the others gathered.
        #expect(worker.commits == 2)
    }

    @Test func `a commit waits for the disk`() async throws {
        let worker = try worker()
        let level = try await worker.write { try $0.first("PRAGMA synchronous") { $0.integer(0) } }
        // 2 is FULL (https://www.sqlite.org/pragma.html#pragma_synchronous).
        #expect(level == 2)
        #expect(try await worker.write { try $0.first("PRAGMA journal_mode") { $0.text(0) } } == "wal")
        await worker.close()
    }

    @Test func `a write that fails leaves its neighbours alone and undoes all of its own`() async throws {
        let worker = try worker()
        let results = await together(
            worker,
            (0..<9).map { key in
                {
                    try await worker.write { connection in
                        try connection.run("INSERT INTO t VALUES (?1, 'v')", .integer(Int64(key * 10)))
                        if key % 3 == 1 { throw CapabilityError(.etagMismatch, "refused") }
                        if key % 3 == 2 { try connection.run("INSERT INTO t VALUES (?1, NULL)", .integer(Int64(key * 10 + 1))) }
                    }
                }
            })
        for (index, result) in results.enumerated() {
            switch (index % 3, result) {
            case (0, .success): break
            case (1, .failure(let error as CapabilityError)): #expect(error.code == .etagMismatch)
            case (2, .failure(let error as CapabilityError)): #expect(error.message.contains("NOT NULL"))
            default: Issue.record("call \(index) gave \(result)")
            }
        }
        #expect(try await SQLiteShell.run("SELECT group_concat(k) FROM t ORDER BY k", on: path) == "0,30,60")
        await worker.close()
    }

    @Test func `a call that ends the whole transaction is tried apart from its neighbours`() async throws {
        let worker = try worker()
        let results = await together(
            worker,
            (0..<5).map { key in
                {
                    _ = try await worker.write { connection in
                        try connection.run("INSERT INTO t VALUES (?1, 'v')", .integer(Int64(key)))
                        // ON CONFLICT ROLLBACK undoes the transaction of everybody.
                        if key == 3 { try connection.run("INSERT OR ROLLBACK INTO t VALUES (?1, 'v')", .integer(Int64(key))) }
                    }
                }
            })
        #expect(results.map { (try? $0.get()) != nil } == [true, true, true, false, true])
        #expect(try await count(worker) == 4)
        await worker.close()
    }

    @Test func `a full queue refuses, and those inside are served`() async throws {
        let worker = try worker { $0.maximumQueuedCalls = 3 }
        let gate = Gate()
        let held = await gate.hold(worker)
        let inside = (0..<3).map { key in Task { try await insert(worker, key) } }
        while worker.writesWaiting < 3 { await Task.yield() }
        await #expect { try await insert(worker, 9) } throws: { ($0 as? CapabilityError)?.code == .resourceExhausted }
        gate.open()
        for task in inside + [held] { try await task.value }
        #expect(try await count(worker) == 3)
        await worker.close()
    }

    @Test func `a caller that is cancelled stops waiting at once`() async throws {
        let worker = try worker()
        let gate = Gate()
        let held = await gate.hold(worker)
        let cancelled = Task { try await insert(worker, 1) }
        while worker.writesWaiting == 0 { await Task.yield() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        gate.open()
        try await held.value
        #expect(try await count(worker) == 0)
        await worker.close()
    }

    @Test func `a statement that runs too long is interrupted`() async throws {
        let worker = try worker { $0.callTimeout = .milliseconds(100) }
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        await #expect { _ = try await worker.read { try $0.run(endless) } } throws: { ($0 as? CapabilityError)?.code == .timeout }
        await #expect { _ = try await worker.write { try $0.run(endless) } } throws: { ($0 as? CapabilityError)?.code == .timeout }
        try await insert(worker, 1)
        #expect(try await count(worker) == 1)
        await worker.close()
    }

    @Test func `what another process has locked is waited for`() async throws {
        let worker = try worker { $0.busyTimeout = .milliseconds(20) }
        try await insert(worker, 1)
        let other = try SQLiteConnection(SQLiteOptions(location: SQLiteLocation(path: path)))
        try other.run("BEGIN IMMEDIATE")
        let waiting = Task { try await insert(worker, 2) }
        // Reads go on meanwhile.
        #expect(try await count(worker) == 1)
        usleep(100_000)
        try other.run("COMMIT")
        try await waiting.value
        await worker.close()
    }

    @Test func `what stays locked is an error in the end`() async throws {
        let worker = try worker {
            $0.busyTimeout = .milliseconds(10)
            $0.callTimeout = .milliseconds(200)
        }
        try await insert(worker, 1)
        let other = try SQLiteConnection(SQLiteOptions(location: SQLiteLocation(path: path)))
        try other.run("BEGIN IMMEDIATE")
        await #expect { try await insert(worker, 2) } throws: { error in
            (error as? CapabilityError)?.code == .unavailable && "\(error)".contains("locked by another process")
        }
        try other.run("COMMIT")
        try await insert(worker, 3)
        await worker.close()
    }

    @Test func `a full database refuses what does not fit and takes what does`() async throws {
        let worker = try worker()
        try await insert(worker, 1)
        _ = try await worker.write { try $0.run("PRAGMA max_page_count = 40") }
        let large = String(repeating: "x", count: 400_000)
        let results = await together(
            worker,
            [("x", 2), (large, 3), ("y", 4)].map { value, key in
                { _ = try await worker.write { try $0.run("INSERT INTO t VALUES (?1, ?2)", .integer(Int64(key)), .text(value)) } }
            })
        #expect(results.map { (try? $0.get()) != nil } == [true, false, true])
        guard case .failure(let error) = results[1] else { return }
        #expect((error as? CapabilityError)?.code == .resourceExhausted)
        #expect(try await count(worker) == 3)
        await worker.close()
    }

    @Test func `a file that was no database serves as soon as it is mended`() async throws {
        try directory.write("certainly not a database, whatever the name of the file may say", to: "test.db")
        let worker = try worker()
        await #expect { try await insert(worker, 1) } throws: { error in
            (error as? CapabilityError)?.code == .backend && "\(error)".contains("no SQLite database")
        }
        #expect(worker.status.phase == .connecting)
        unlink(path)
        // The reason is given again for a while before the file is looked at again.
        try await eventually { try await insert(worker, 2) }
        #expect(worker.status == .ready)
        await worker.close()
    }

    @Test func `a database that is replaced while in use is opened again`() async throws {
        let worker = try worker()
        try await insert(worker, 1)
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        try await insert(worker, 2)
        #expect(try await SQLiteShell.run("SELECT group_concat(k) FROM t", on: path) == "2")
        #expect(try await count(worker) == 1)
        await worker.close()
    }

    @Test func `a folder that is missing or a file that may not be written is an error with its reason`() async throws {
        let missing = try worker { $0.location = SQLiteLocation(path: directory.file("no/such/folder/test.db")) }
        await #expect { try await insert(missing, 1) } throws: { ($0 as? CapabilityError)?.code == .unavailable }
        await missing.close()
        let writer = try worker()
        try await insert(writer, 1)
        let reader = try worker { $0.location = try! SQLiteLocation(connectionString: "file:\(path)?mode=ro", relativeTo: "/") }
        #expect(try await count(reader) == 1)
        await #expect { try await insert(reader, 2) } throws: { ($0 as? CapabilityError)?.code == .permissionDenied }
        await reader.close()
        await writer.close()
    }

    @Test func `closing finishes what waits and refuses what comes later`() async throws {
        let worker = try worker()
        let gate = Gate()
        let held = await gate.hold(worker)
        let waiting = (0..<5).map { key in Task { try await insert(worker, key) } }
        while worker.writesWaiting < 5 { await Task.yield() }
        let closing = Task { await worker.close() }
        gate.open()
        for task in waiting + [held] { try await task.value }
        await closing.value
        await #expect { try await insert(worker, 9) } throws: { ($0 as? CapabilityError)?.code == .closed }
        #expect(try await SQLiteShell.run("SELECT count(*) FROM t", on: path) == "5")
        #expect(worker.status.phase == .closed)
    }

    @Test func `new files are readable for their owner only`() async throws {
        let worker = try worker()
        try await insert(worker, 1)
        for suffix in ["", "-wal", "-shm"] {
            var info = stat()
            #expect(stat(path + suffix, &info) == 0)
            #expect(info.st_mode & 0o077 == 0, "\(path)\(suffix)")
        }
        await worker.close()
    }

    /// Tries until `body` succeeds; gives up, with its error, after ten seconds.
    private func eventually(_ body: () async throws -> Void) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            do { return try await body() } catch  where ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        }
    }
}
