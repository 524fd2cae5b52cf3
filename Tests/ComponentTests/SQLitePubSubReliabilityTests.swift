import Glibc
import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaSQLite

/// Promises of the SQLite broker that hold across processes, deaths and full disks. The other processes are
/// mecha-store-probe; every message is counted.
@Suite(.serialized) struct SQLitePubSubReliabilityTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.file("bus.db") }

    private func probe(_ mode: String, _ arguments: String...) throws -> ServerProcess {
        try ServerProcess(try BuiltProgram.path("mecha-store-probe"), [mode, path] + arguments)
    }

    private func consumer(_ arguments: String...) async throws -> ServerProcess {
        let process = try ServerProcess(try BuiltProgram.path("mecha-store-probe"), ["consume", path] + arguments)
        try await process.waitUntil("is ready") { lines(process).contains("ready") }
        return process
    }

    /// What a program said: whole lines only.
    private func lines(_ process: ServerProcess) -> [String] {
        process.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private func until(_ what: String, _ condition: () async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while await !condition() {
            try #require(ContinuousClock.now < deadline, "waited too long: \(what)")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// A seed to run a failure again with: MECHA_TEST_SEED.
    private var seed: UInt64 {
        let given = getenv("MECHA_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        return given ?? UInt64(clamping: time(nil)) &* 2_654_435_761
    }

    @Test func `every confirmed message is delivered, whichever processes are killed meanwhile`() async throws {
        let seed = seed
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var confirmed: Set<String> = []
        var ended: [ServerProcess] = []
        var consumers = [try await consumer(), try await consumer()]
        for round in 0..<6 {
            let publishers = try (0..<2).map { try probe("publish", "r\(round)p\($0)") }
            let enough = Int.random(in: 40...250, using: &random)
            for publisher in publishers { try await publisher.waitUntil("has published") { lines(publisher).count >= enough } }
            // A consumer and the publishers die at some moment of their work; another consumer comes.
            let victim = Int.random(in: 0..<consumers.count, using: &random)
            if Bool.random(using: &random) {
                consumers[victim].killNow()
                ended.append(consumers.remove(at: victim))
            }
            for publisher in publishers {
                publisher.killNow()
                confirmed.formUnion(lines(publisher))
            }
            if consumers.count < 2 { consumers.append(try await consumer()) }
        }
        func delivered() -> Set<String> { Set((ended + consumers).flatMap(lines)) }
        try await until("all \(confirmed.count) confirmed messages are delivered, seed \(seed)") { confirmed.isSubset(of: delivered()) }
        // What a killed process held is freed by those that go on.
        try await until("no message is held any more, seed \(seed)") {
            (try? await SQLiteShell.run("SELECT count(*) FROM claims WHERE owner IS NOT NULL", on: path)) == "0"
        }
        for process in consumers { #expect(process.stop() == .code(0), "\(process.output.suffix(500))") }
        #expect(try await SQLiteShell.run("PRAGMA integrity_check", on: path) == "ok")
        print("confirmed \(confirmed.count), delivered \((ended + consumers).reduce(0) { $0 + lines($1).count - 1 })")
    }

    @Test func `keys keep their order when the consuming process is killed and another takes over`() async throws {
        let seed = seed
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let publisher = try probe("publish", "k", "150")
        var consumers = [try await consumer("ordered"), try await consumer("ordered")]
        var ended: [ServerProcess] = []
        for _ in 0..<3 {
            // On a busy machine one process may have done everything before it is killed.
            let enough = min(Int.random(in: 20...120, using: &random) + ended.flatMap(lines).count, 8 * 150)
            try await until("work is done") { (ended + consumers).flatMap(lines).count >= enough }
            // The one that works is killed: only one does.
            let victim = lines(consumers[0]).count >= lines(consumers[1]).count ? 0 : 1
            consumers[victim].killNow()
            ended.append(consumers.remove(at: victim))
            consumers.append(try await consumer("ordered"))
        }
        #expect(try await publisher.waitForExit() == .code(0))
        let confirmed = Set(lines(publisher))
        #expect(confirmed.count == 8 * 150)
        try await until("all are delivered, seed \(seed)") { confirmed.isSubset(of: Set((ended + consumers).flatMap(lines))) }
        for process in ended + consumers {
            var last: [Substring: Int] = [:]
            for line in lines(process) where line != "ready" {
                let parts = line.split(separator: " ")
                let number = try #require(Int(parts[1]))
                if let before = last[parts[0]] { #expect(number == before + 1, "key \(parts[0]) in one process, seed \(seed)") }
                last[parts[0]] = number
            }
        }
        for process in consumers { process.stop() }
    }

    /// Whether this process may make a small file system of its own.
    private static let canMount: Bool = {
        guard let process = try? ServerProcess("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]) else { return false }
        while process.exit == nil { usleep(1_000) }
        return process.exit == .code(0)
    }()

    @Test(.enabled(if: canMount, "needs the right to mount a tmpfs"))
    func `a full disk refuses publications, and everything confirmed arrives`() async throws {
        let program = try BuiltProgram.path("mecha-store-probe")
        let script = """
            mount -t tmpfs -o size=6m tmpfs \(directory.path) && cd \(directory.path) &&
            head -c 2500000 /dev/zero > ballast && exec \(program) fill-bus full.db ballast
            """
        let process = try ServerProcess("unshare", ["-m", "/bin/sh", "-c", script])
        try await process.waitUntil("is done", within: .seconds(60)) { process.exit != nil || process.output.contains("confirmed:") }
        #expect(try await process.waitForExit() == .code(0))
        #expect(process.output == "refused: resource exhausted\nconfirmed: many, arrived: all\n")
    }
}
