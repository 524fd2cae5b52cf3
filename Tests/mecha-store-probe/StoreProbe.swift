// mecha-store-probe: a process that uses a SQLite state store so that tests can kill it, starve it of
// disk space, or run several of it on one file. It writes a line when, and only when, the store has
// acknowledged something; a line is written at once and whole.

import Glibc
import Logging
import MechaCore
import MechaSQLite
import NIOCore
import NIOPosix

@main
struct StoreProbe {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let mode = arguments.first, let path = arguments.dropFirst().first else {
            say("usage: mecha-store-probe write|increment|transfer|fill|publish|consume|fill-bus <database> [<argument>]")
            exit(2)
        }
        if try await BusProbe.run(mode, path, Array(arguments.dropFirst(2))) { return }
        let store = try open(path)
        try await store.start()
        let argument = arguments.dropFirst(2).first ?? ""
        switch mode {
        case "write": try await write(store, tag: argument)
        case "increment": try await increment(store, times: Int(argument) ?? 1)
        case "transfer": try await transfer(store)
        case "fill": try await fill(store, ballast: argument)
        default: exit(2)
        }
        await store.close()
    }

    private static func open(_ path: String) throws -> SQLiteStateStore {
        try SQLiteStateStore(
            metadata: ComponentMetadata(["connectionString": path]),
            environment: ComponentEnvironment(
                name: "probe", eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                logger: Logger(label: "probe", factory: { _ in SwiftLogNoOpLogHandler() }), dataDirectory: ".", appID: "probe"))
    }

    static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = Glibc.write(1, bytes, bytes.count)
    }

    private static func set(_ store: SQLiteStateStore, _ key: String, _ value: String) async throws {
        try await store.set(StateWrite(key: key, value: ByteBuffer(string: value)))
    }

    /// Writes keys from many tasks until it is killed, and says each that is acknowledged.
    private static func write(_ store: SQLiteStateStore, tag: String) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<16 {
                group.addTask {
                    for number in 0... {
                        let key = "\(tag)-\(client)-\(number)"
                        try await set(store, key, key)
                        say(key)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Raises the entry `counter` by compare and set.
    private static func increment(_ store: SQLiteStateStore, times: Int) async throws {
        for _ in 0..<times {
            while true {
                let entry = try await store.get("counter", StateReadOptions())
                let count = entry.flatMap { Int(String(buffer: $0.value)) } ?? 0
                do {
                    try await store.set(
                        StateWrite(key: "counter", value: ByteBuffer(string: "\(count + 1)"), etag: entry?.etag, concurrency: .firstWrite))
                    break
                } catch let error as CapabilityError where error.code == .etagMismatch {
                    continue
                }
            }
        }
        say("done")
    }

    /// Moves amounts between two accounts in transactions until it is killed.
    private static func transfer(_ store: SQLiteStateStore) async throws {
        for step in 0... {
            try await store.transact(
                [
                    .upsert(StateWrite(key: "account-a", value: ByteBuffer(string: "\(1_000 - step % 1_000)"))),
                    .upsert(StateWrite(key: "account-b", value: ByteBuffer(string: "\(step % 1_000)"))),
                ], metadata: [:])
            say("\(step)")
        }
    }

    /// Writes until the disk is full, says with which code, makes room by removing `ballast`, and says
    /// whether everything acknowledged is there and writing works again.
    private static func fill(_ store: SQLiteStateStore, ballast: String) async throws {
        let value = String(repeating: "x", count: 16_000)
        var acknowledged = 0
        while true {
            do {
                try await set(store, "key-\(acknowledged)", value)
                acknowledged += 1
            } catch let error as CapabilityError {
                say("refused: \(error.code)")
                break
            }
        }
        say("status while full: \(store.status.phase)")
        say("readable while full: \(try await store.get("key-0", StateReadOptions()) != nil)")
        unlink(ballast)
        try await set(store, "after", value)
        let results = try await store.bulkGet((0..<acknowledged).map { "key-\($0)" }, StateReadOptions(), parallelism: 1)
        let missing = try results.filter { try $0.outcome.get() == nil }.count
        say("acknowledged: \(acknowledged > 10 ? "many" : "few"), missing: \(missing)")
    }
}
