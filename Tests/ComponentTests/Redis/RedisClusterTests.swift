import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RedisClusterTests {
    private func text(_ store: RedisStateStore, _ key: String) async throws -> String? {
        try await store.get(key, StateReadOptions()).map { String(buffer: $0.value) }
    }

    private func put(_ store: RedisStateStore, _ key: String, _ value: String) async throws {
        try await store.set(StateWrite(key: key, value: ByteBuffer(string: value)))
    }

    @Test func `transactions need keys of one slot, and say so`() async throws {
        let cluster = try await RedisClusterFixture(nodes: 3)
        try await cluster.withStore { store in
            func step(_ key: String) -> StateOperation { .upsert(StateWrite(key: key, value: ByteBuffer(string: key))) }
            try await store.transact([step("app||{order}a"), step("app||{order}b")], metadata: [:])
            #expect(try await text(store, "app||{order}b") == "app||{order}b")
            let error = await #expect(throws: CapabilityError.self) { try await store.transact([step("a"), step("b")], metadata: [:]) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("hash tag") == true)
            #expect(try await text(store, "a") == nil)
        }
    }

    @Test func `calls follow a slot that moves, during the move and after it`() async throws {
        let cluster = try await RedisClusterFixture(nodes: 3)
        // Slot 12182 holds "foo" (of the cluster specification) and lies on the last node; it goes to the first.
        let (source, target) = (cluster.nodes[2], cluster.nodes[0])
        let (sourceID, targetID) = (try await source.cli("CLUSTER", "MYID")[0], try await target.cli("CLUSTER", "MYID")[0])
        #expect(RedisSlot(key: "foo").number == 12_182)
        try await cluster.withStore { store in
            try await put(store, "foo", "before")
            _ = try await target.cli("CLUSTER", "SETSLOT", "12182", "IMPORTING", sourceID)
            _ = try await source.cli("CLUSTER", "SETSLOT", "12182", "MIGRATING", targetID)
            #expect(try await text(store, "foo") == "before")
            // A key that is not there is sought, and written, at the target already (ASK).
            #expect(try await text(store, "{foo}new") == nil)
            try await put(store, "{foo}new", "during")
            #expect(try await text(store, "{foo}new") == "during")
            _ = try await source.cli("MIGRATE", "127.0.0.1", "\(target.port)", "foo", "0", "1000")
            #expect(try await text(store, "foo") == "before")
            for node in [target, source, cluster.nodes[1]] { _ = try await node.cli("CLUSTER", "SETSLOT", "12182", "NODE", targetID) }
            #expect(try await text(store, "foo") == "before")
            try await put(store, "foo", "after")
            #expect(
                try await store.bulkGet(["foo", "{foo}new"], StateReadOptions(), parallelism: 1).map { try $0.outcome.get()?.etag } == [
                    "2", "1",
                ])
        }
    }

    @Test func `a replica that takes over is found, with what was acknowledged as strong`() async throws {
        let cluster = try await RedisClusterFixture(nodes: 3, replicas: 3)
        try await cluster.withStore { store in
            // Slots of all nodes.
            let keys = (0..<30).map { "key\($0)" }
            for key in keys {
                try await store.set(StateWrite(key: key, value: ByteBuffer(string: "before"), consistency: .strong))
            }
            cluster.nodes[2].process.killNow()
            for key in keys {
                #expect(try await eventually { try await text(store, key) } == "before")
                try await eventually { try await put(store, key, "after") }
            }
            for key in keys { #expect(try await text(store, key) == "after") }
            #expect(store.status == .ready)
        }
    }

    @Test func `a cluster that is away at the start is found later`() async throws {
        let port = try LoopbackPort.free()
        try await withRedisStore(["redisHost": "127.0.0.1:\(port)", "redisType": "cluster", "redisMaxRetryInterval": "50ms"]) { store in
            let error = await #expect(throws: CapabilityError.self) { try await text(store, "k") }
            #expect(error?.code == .unavailable)
            let server = try await RedisServer(
                port: port, options: ["--cluster-enabled", "yes", "--cluster-port", "\(try LoopbackPort.free())"])
            _ = try await server.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            try await eventually { try await put(store, "k", "value") }
            #expect(store.status == .ready)
            server.stop()
        }
    }

    // MARK: - Pure parts

    @Test(arguments: [
        ("", 0), ("123456789", 0x31c3), ("foo", 12_182), ("{foo}bar", 12_182), ("a{foo}b{c}", 12_182), ("foo{}{bar}", 8_363),
        ("foo{{bar}}zap", 4_015),
    ])
    func `a key's slot is the specification's`(_ key: String, _ slot: UInt16) {
        #expect(RedisSlot(key: key).number == slot % 16_384)
    }

    @Test func `redirects are read, and nothing else taken for one`() {
        #expect(RedisRedirect(RedisServerError("MOVED 3999 127.0.0.1:6381"))?.target == .moved(.host("127.0.0.1", port: 6381)))
        #expect(RedisRedirect(RedisServerError("ASK 3999 ::1:6381"))?.target == .asking(.host("::1", port: 6381)))
        for line in ["ERR x", "MOVED", "MOVED 1 :6381", "MOVED 1 host:0", "MOVED 1 host:x", "ASK 1 host"] {
            #expect(RedisRedirect(RedisServerError(line)) == nil)
        }
    }

    @Test func `the table of slots is read from any node's answer`() throws {
        func bulk(_ text: String) -> RESPValue { .string(ByteBuffer(string: text)) }
        func range(_ first: Int64, _ last: Int64, _ host: RESPValue, _ port: Int64) -> RESPValue {
            .array([.integer(first), .integer(last), .array([host, .integer(port), bulk("id")])])
        }
        let reply = RESPValue.array([
            range(0, 99, bulk("a"), 1), range(100, 100, bulk(""), 2), range(101, 200, .null, 3), range(300, 400, bulk("a"), 1),
        ])
        let table = try #require(RedisSlotTable(reply, askedHost: "asked", maximumNodes: 3))
        func owner(_ slot: Int) throws -> RedisAddress? { table.owner(of: try #require(RedisSlot(number: slot))) }
        #expect(try owner(99) == .host("a", port: 1))
        #expect(try owner(100) == .host("asked", port: 2))
        #expect(try owner(101) == .host("asked", port: 3))
        #expect(try owner(250) == nil)
        #expect(try owner(400) == .host("a", port: 1))
        #expect(table.nodes.count == 3)
        #expect(RedisSlotTable(reply, askedHost: "asked", maximumNodes: 2) == nil)
        for bad in [
            RESPValue.null, .array([]), .array([.integer(1)]), .array([range(5, 1, bulk("a"), 1)]),
            .array([range(0, 16_384, bulk("a"), 1)]), .array([range(0, 1, bulk("a"), 0)]),
        ] {
            #expect(RedisSlotTable(bad, askedHost: "asked", maximumNodes: 3) == nil)
        }
    }
}
