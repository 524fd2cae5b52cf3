import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaRedis

/// The layout is shared with Dapr: section 8.2 of the Dapr surface.
@Suite struct RedisLayoutTests {
    private func write(_ key: String, _ value: String, _ change: (inout StateWrite) -> Void = { _ in }) -> StateWrite {
        var write = StateWrite(key: key, value: ByteBuffer(string: value))
        change(&write)
        return write
    }

    @Test func `what we write is a hash with data and a version that counts from 1`() async throws {
        let server = try await RedisServer()
        try await withRedisStore(server) { store in
            try await store.set(write("app||k", #"{"a": 1}"#))
            #expect(try await server.cli("HGETALL", "app||k") == ["data", #"{"a": 1}"#, "version", "1"])
            try await store.set(write("app||k", "two"))
            #expect(try await server.cli("HGETALL", "app||k") == ["data", "two", "version", "2"])
            #expect(try await store.get("app||k", StateReadOptions())?.etag == "2")
            try await store.transact([.upsert(write("app||k", "three")), .upsert(write("app||new", "x"))], metadata: [:])
            #expect(try await server.cli("HGETALL", "app||k") == ["data", "three", "version", "3"])
            #expect(try await server.cli("HGETALL", "app||new") == ["data", "x", "version", "1"])
        }
    }

    @Test func `first-write concurrency leaves its mark`() async throws {
        let server = try await RedisServer()
        try await withRedisStore(server) { store in
            try await store.set(write("k", "one") { $0.concurrency = .firstWrite })
            #expect(try await server.cli("HGET", "k", "first-write") == ["0"])
        }
    }

    @Test func `what Dapr wrote is read, compared and written on`() async throws {
        let server = try await RedisServer()
        _ = try await server.cli("HSET", "app||k", "data", #""from dapr""#, "version", "7")
        _ = try await server.cli("EXPIRE", "app||k", "1000")
        try await withRedisStore(server) { store in
            let entry = try #require(try await store.get("app||k", StateReadOptions()))
            #expect(String(buffer: entry.value) == #""from dapr""#)
            #expect(entry.etag == "7")
            #expect(entry.expiresAt != nil)
            await #expect(throws: CapabilityError.self) { try await store.set(write("app||k", "x") { $0.etag = "6" }) }
            try await store.set(write("app||k", "ours") { $0.etag = "7" })
            #expect(try await server.cli("HGETALL", "app||k") == ["data", "ours", "version", "8"])
            #expect(try await server.cli("TTL", "app||k") == ["-1"])
        }
    }

    @Test func `a plain string is a value without a version, until it is written`() async throws {
        let server = try await RedisServer()
        _ = try await server.cli("SET", "book", "100", "EX", "1000")
        _ = try await server.cli("SET", "other", "200")
        _ = try await server.cli("RPUSH", "list", "x")
        try await withRedisStore(server) { store in
            let entry = try #require(try await store.get("book", StateReadOptions()))
            #expect(String(buffer: entry.value) == "100")
            #expect(entry.etag == nil)
            #expect(entry.expiresAt != nil)
            let results = try await store.bulkGet(["book", "none", "other", "list"], StateReadOptions(), parallelism: 1)
            #expect(try results[0].outcome.get().map { String(buffer: $0.value) } == "100")
            #expect(try results[1].outcome.get() == nil)
            #expect(try results[2].outcome.get().map { String(buffer: $0.value) } == "200")
            #expect(throws: CapabilityError.self) { try results[3].outcome.get() }
            await #expect(throws: CapabilityError.self) { try await store.set(write("book", "x") { $0.concurrency = .firstWrite }) }
            await #expect(throws: CapabilityError.self) { try await store.set(write("book", "x") { $0.etag = "1" }) }
            try await store.set(write("book", "new"))
            try await store.transact([.upsert(write("other", "new"))], metadata: [:])
            for key in ["book", "other"] {
                #expect(try await server.cli("HGETALL", key) == ["data", "new", "version", "1"])
                #expect(try await server.cli("TTL", key) == ["-1"])
            }
        }
    }

    @Test func `a time to live is Redis's own, and the component's holds where a write has none`() async throws {
        let server = try await RedisServer()
        func secondsLeft(_ key: String) async throws -> Int? { Int(try await server.cli("TTL", key)[0]) }
        try await withRedisStore(server, ["ttlInSeconds": "90000"]) { store in
            try await store.set(write("default", "x"))
            try await store.set(write("own", "x") { $0.ttlInSeconds = 5000 })
            try await store.set(write("never", "x") { $0.ttlInSeconds = -1 })
            try await store.transact([.upsert(write("transacted", "x"))], metadata: [:])
            for key in ["default", "transacted"] { #expect((80_000...90_000).contains(try #require(try await secondsLeft(key)))) }
            #expect((4_000...5_000).contains(try #require(try await secondsLeft("own"))))
            #expect(try await secondsLeft("never") == -1)
        }
    }

    @Test func `scripts that the server has forgotten are sent again`() async throws {
        let server = try await RedisServer()
        try await withRedisStore(server) { store in
            for value in ["one", "two"] {
                try await store.set(write("k", value))
                _ = try await server.cli("SCRIPT", "FLUSH")
            }
            try await store.delete(StateRemoval(key: "k", etag: "2"))
            #expect(try await server.cli("EXISTS", "k") == ["0"])
        }
    }

    @Test func `listing and deleting by prefix leave foreign keys and other databases alone`() async throws {
        let server = try await RedisServer()
        _ = try await server.cli("-n", "3", "SET", "app||elsewhere", "x")
        try await withRedisStore(server, ["redisDB": "2"]) { store in
            try await store.bulkSet((0..<2_500).map { write("app||\($0)", "x") })
            #expect(
                try await store.keys(withPrefix: "app||1", after: "app||1998", limit: 3)
                    == ["app||1999", "app||2", "app||20"].filter { $0.hasPrefix("app||1") })
            #expect(try await store.deleteAll(withPrefix: "app||") == 2_500)
            #expect(try await server.cli("-n", "3", "EXISTS", "app||elsewhere") == ["1"])
            #expect(try await server.cli("-n", "2", "DBSIZE") == ["0"])
        }
    }
}
