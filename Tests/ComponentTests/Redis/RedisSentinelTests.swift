import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RedisSentinelTests {
    private func put(_ store: RedisStateStore, _ value: String) async throws {
        try await store.set(StateWrite(key: "k", value: ByteBuffer(string: value)))
    }

    private func text(_ store: RedisStateStore) async throws -> String? {
        try await store.get("k", StateReadOptions()).map { String(buffer: $0.value) }
    }

    /// A sentinel of its own that watches `master`.
    private func sentinel(_ master: RedisServer, _ directory: TemporaryDirectory, _ extra: String = "") async throws -> (
        process: ServerProcess, port: Int
    ) {
        let port = try LoopbackPort.free()
        let path = try directory.write(
            """
            port \(port)
            bind 127.0.0.1
            dir \(directory.path)
            sentinel monitor main 127.0.0.1 \(master.port) 1
            sentinel down-after-milliseconds main 300
            sentinel failover-timeout main 2000
            \(extra)

            """, to: "sentinel-\(port).conf")
        let process = try ServerProcess("redis-server", [path, "--sentinel"])
        try await process.waitUntilAccepting(port)
        return (process, port)
    }

    @Test func `the master is found, lost, and found again where the sentinels moved it`() async throws {
        let directory = try TemporaryDirectory()
        let master = try await RedisServer(options: ["--repl-diskless-sync-delay", "0"])
        let replica = try await RedisServer(options: ["--replicaof", "127.0.0.1", "\(master.port)"])
        try await replica.process.waitUntil("is in sync") { replica.process.output.contains("sync: Finished with success") }
        // Later than the replica's own word: until then the master asks nobody to confirm a write.
        try await eventually {
            if try await !master.cli("ROLE").contains("\(replica.port)") { throw CapabilityError(.unavailable, "alone") }
        }
        let sentinel = try await sentinel(master, directory)
        try await sentinel.process.waitUntil("knows the replica") { sentinel.process.output.contains("+slave") }
        let dead = try LoopbackPort.free()
        let metadata = [
            "redisHost": "127.0.0.1:\(dead),127.0.0.1:\(sentinel.port)", "failover": "true", "sentinelMasterName": "main",
            "redisMaxRetryInterval": "50ms",
        ]
        try await withRedisStore(metadata) { store in
            try await eventually { try await store.set(StateWrite(key: "k", value: ByteBuffer(string: "one"), consistency: .strong)) }
            master.process.killNow()
            #expect(try await eventually { try await text(store) } == "one")
            try await eventually { try await put(store, "two") }
            #expect(try await replica.cli("HGET", "k", "data") == ["two"])
        }
    }

    @Test func `a master that becomes a replica is left for the new one`() async throws {
        let directory = try TemporaryDirectory()
        let first = try await RedisServer()
        let second = try await RedisServer()
        let sentinel = try await sentinel(first, directory)
        try await withRedisStore([
            "redisHost": "127.0.0.1:\(sentinel.port)", "failover": "true", "sentinelMasterName": "main", "redisMaxRetryInterval": "50ms",
        ]) { store in
            try await put(store, "one")
            // What an operator does by hand: the connection stays, and every write fails with READONLY.
            _ = try await first.cli("REPLICAOF", "127.0.0.1", "\(second.port)")
            _ = try await ServerProcess("redis-cli", ["-p", "\(sentinel.port)", "SENTINEL", "REMOVE", "main"]).waitForExit()
            _ = try await ServerProcess(
                "redis-cli", ["-p", "\(sentinel.port)", "SENTINEL", "MONITOR", "main", "127.0.0.1", "\(second.port)", "1"]
            ).waitForExit()
            try await eventually { try await put(store, "two") }
            #expect(try await second.cli("HGET", "k", "data") == ["two"])
        }
    }

    @Test func `a sentinel may want a password of its own, and an unknown master is named`() async throws {
        let directory = try TemporaryDirectory()
        let master = try await RedisServer(options: ["--requirepass", "inner"])
        let sentinel = try await sentinel(master, directory, "requirepass outer\nsentinel auth-pass main inner")
        let metadata = [
            "redisHost": "127.0.0.1:\(sentinel.port)", "failover": "true", "redisPassword": "inner", "sentinelPassword": "outer",
        ]
        try await withRedisStore(metadata.merging(["sentinelMasterName": "main"]) { $1 }) { try await put($0, "x") }
        try await withRedisStore(metadata.merging(["sentinelMasterName": "other"]) { $1 }) { store in
            let error = await #expect(throws: CapabilityError.self) { try await text(store) }
            #expect(error?.message.contains("sentinelMasterName") == true, "\(error?.message ?? "")")
        }
    }
}
