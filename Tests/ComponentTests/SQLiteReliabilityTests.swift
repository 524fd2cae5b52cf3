import Glibc
import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaSQLite

/// Promises that hold across processes, deaths and full disks. The other process is mecha-store-probe.
@Suite struct SQLiteReliabilityTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.file("probe.db") }

    private func probe(_ mode: String, _ argument: String = "") throws -> ServerProcess {
        try ServerProcess(try BuiltProgram.path("mecha-store-probe"), [mode, path, argument])
    }

    private func withStore<Value>(_ body: (SQLiteStateStore) async throws -> Value) async throws -> Value {
        let store = try SQLiteStateStore(metadata: ComponentMetadata(["connectionString": path]), environment: environment(directory))
        try await store.start()
        let value = try await body(store)
        await store.close()
        return value
    }

    /// What a killed program acknowledged: whole lines only.
    private func acknowledged(_ process: ServerProcess) -> [String] {
        process.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test func `no acknowledged write is lost when the process is killed, and the next one serves at once`() async throws {
        var acknowledged: [String] = []
        for round in 0..<4 {
            let process = try probe("write", "round\(round)")
            // Each round is killed at another moment of its load.
            let enough = 50 + round * 211
            try await process.waitUntil("has written") { self.acknowledged(process).count >= enough }
            process.killNow()
            acknowledged += self.acknowledged(process)

            let missing = try await withStore { store in
                let results = try await store.bulkGet(acknowledged, StateReadOptions(), parallelism: 1)
                return try results.filter { try $0.outcome.get().map { String(buffer: $0.value) } != $0.key }.map(\.key)
            }
            #expect(missing == [], "after round \(round), of \(acknowledged.count) keys")
            #expect(try await SQLiteShell.run("PRAGMA integrity_check", on: path) == "ok")
        }
    }

    @Test func `a transaction is there whole or not at all when the process is killed`() async throws {
        for _ in 0..<3 {
            let process = try probe("transfer")
            try await process.waitUntil("has transferred") { acknowledged(process).count >= 20 }
            process.killNow()
            let last = try #require(acknowledged(process).last.flatMap { Int($0) })
            let (a, b) = try await withStore { store in
                (
                    try await store.get("account-a", StateReadOptions()).flatMap { Int(String(buffer: $0.value)) },
                    try await store.get("account-b", StateReadOptions()).flatMap { Int(String(buffer: $0.value)) }
                )
            }
            #expect((a ?? 0) + (b ?? 0) == 1_000)
            // The one after the last acknowledged may have been committed without a word.
            #expect(b == last % 1_000 || b == (last + 1) % 1_000)
        }
    }

    @Test func `several processes on one file lose no update`() async throws {
        let processes = try (0..<4).map { _ in try probe("increment", "40") }
        for process in processes {
            #expect(try await process.waitForExit() == .code(0), "\(process.output)")
        }
        let count = try await withStore { try await $0.get("counter", StateReadOptions()).map { String(buffer: $0.value) } }
        #expect(count == "160")
    }

    /// Whether this process may make a small file system of its own.
    private static let canMount: Bool = {
        guard let process = try? ServerProcess("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]) else { return false }
        while process.exit == nil { usleep(1_000) }
        return process.exit == .code(0)
    }()

    @Test(.enabled(if: canMount, "needs the right to mount a tmpfs"))
    func `a full disk is an error with its name, and all is well when there is room again`() async throws {
        let program = try BuiltProgram.path("mecha-store-probe")
        let script = """
            mount -t tmpfs -o size=4m tmpfs \(directory.path) && cd \(directory.path) &&
            head -c 1000000 /dev/zero > ballast && exec \(program) fill full.db ballast
            """
        let process = try ServerProcess("unshare", ["-m", "/bin/sh", "-c", script])
        #expect(try await process.waitForExit() == .code(0))
        #expect(
            process.output == """
                refused: resource exhausted
                status while full: ready
                readable while full: true
                acknowledged: many, missing: 0

                """)
    }
}
