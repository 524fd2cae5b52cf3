import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RedisLoginTests {
    /// Writes and reads one key.
    private func use(_ store: RedisStateStore) async throws {
        try await store.set(StateWrite(key: "k", value: ByteBuffer(string: "value")))
        #expect(try await store.get("k", StateReadOptions()).map { String(buffer: $0.value) } == "value")
    }

    private func expectFailure(_ code: CapabilityError.Code, _ store: RedisStateStore, _ fragment: String = "Redis") async {
        let error = await #expect(throws: CapabilityError.self) { try await store.get("k", StateReadOptions()) }
        #expect(error?.code == code)
        #expect(error?.message.contains(fragment) == true, "\(error?.message ?? "")")
    }

    @Test func `a password opens the server, a wrong or missing one is named as the reason`() async throws {
        let server = try await RedisServer(options: ["--requirepass", "opensesame"])
        try await withRedisStore(server, ["redisPassword": "opensesame"]) { try await use($0) }
        try await withRedisStore(server, ["redisPassword": "wrong-one"]) { store in
            await expectFailure(.misconfigured, store, "refused the user name or password")
            let error = await #expect(throws: CapabilityError.self) { try await store.get("k", StateReadOptions()) }
            #expect(error?.message.contains("wrong-one") == false)
            #expect(store.status.phase == .connecting)
            #expect(store.status.reason?.contains("password") == true)
        }
        try await withRedisStore(server) { await expectFailure(.misconfigured, $0, "wants a password") }
    }

    @Test func `an ACL user does what it may and is told what it may not`() async throws {
        let server = try await RedisServer(options: [
            "--user", "default", "off", "--user", "mecha", "on", ">secret", "~app||*", "+@all", "-@dangerous",
        ])
        try await withRedisStore(server, ["redisUsername": "mecha", "redisPassword": "secret"]) { store in
            try await store.set(StateWrite(key: "app||k", value: ByteBuffer(string: "value")))
            #expect(try await store.get("app||k", StateReadOptions()) != nil)
            let error = await #expect(throws: CapabilityError.self) { try await store.get("other||k", StateReadOptions()) }
            #expect(error?.code == .permissionDenied)
            #expect(error?.message.contains("other||k") == false)
        }
    }

    @Test func `a server that knows no HELLO is spoken to in RESP2`() async throws {
        let server = try await RedisServer(options: ["--rename-command", "HELLO", "", "--requirepass", "old"])
        try await withRedisStore(server, ["redisPassword": "old", "redisDB": "1"]) { store in
            try await use(store)
            let values = try await store.client.command(["CLIENT", "INFO"], key: nil)
            #expect(values.text?.contains("resp=2") == true)
            #expect(values.text?.contains("db=1") == true)
        }
        try await withRedisStore(server, ["redisPassword": "new"]) { await expectFailure(.misconfigured, $0) }
    }

    @Test func `the connection bears the component's name and speaks RESP3`() async throws {
        let server = try await RedisServer()
        try await withRedisStore(server) { store in
            let info = try #require(try await store.client.command(["CLIENT", "INFO"], key: nil).text)
            #expect(info.contains("name=mecha:statestore "))
            #expect(info.contains("resp=3"))
        }
    }

    @Test func `a Unix socket is an address like any other`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("redis.sock")
        let server = try await RedisServer(options: ["--unixsocket", path])
        try await withRedisStore(["redisHost": path]) { try await use($0) }
        #expect(try await server.cli("EXISTS", "k") == ["1"])
    }

    @Test func `a database that does not exist is named`() async throws {
        let server = try await RedisServer()
        try await withRedisStore(server, ["redisDB": "99"]) { await expectFailure(.misconfigured, $0, "redisDB") }
    }

    @Test func `of several addresses the first that is a master is used`() async throws {
        let master = try await RedisServer()
        let replica = try await RedisServer(options: ["--replicaof", "127.0.0.1", "\(master.port)"])
        let dead = try LoopbackPort.free()
        try await withRedisStore(["redisHost": "127.0.0.1:\(dead), 127.0.0.1:\(replica.port),127.0.0.1:\(master.port)"]) { store in
            try await use(store)
        }
    }

    @Test(arguments: [
        (["redisHost": "localhost:x"], "redisHost"), (["redisHost": "a b"], "redisHost"), (["redisHost": ","], "redisHost"),
        (["redisHost": "a", "redisPort": "70000"], "redisPort"), (["redisHost": "a", "redisType": "ring"], "redisType"),
        (["redisHost": "a", "failover": "true"], "sentinelMasterName"),
        (["redisHost": "a", "redisType": "cluster", "redisDB": "1"], "redisDB"),
        (["redisHost": "a", "redisType": "cluster", "failover": "true", "sentinelMasterName": "m"], "failover"),
        (["redisHost": "a", "useOIDC": "true"], "useOIDC"), (["redisHost": "a", "useEntraID": "true"], "useEntraID"),
        (["redisHost": "a", "redisUsername": "u"], "redisPassword"), (["redisHost": "a", "ttlInSeconds": "0"], "ttlInSeconds"),
        (["redisHost": "a", "enableTLS": "true", "clientCert": "x"], "clientKey"),
        (["redisHost": "a", "enableTLS": "true", "caCert": "x"], "caCert"),
        (["redisHost": "a", "dialTimeout": "soon"], "dialTimeout"), (["redisHost": "a", "readTimeout": "-1"], "readTimeout"),
    ])
    func `metadata that cannot work is refused by field`(_ metadata: [String: String], _ field: String) async {
        let error = await #expect(throws: MetadataError.self) { try await withRedisStore(metadata) { _ in } }
        #expect(error?.field == field)
    }

    @Test(arguments: [
        ("localhost", RedisAddress.host("localhost", port: 6379)), ("h:1", .host("h", port: 1)), ("[::1]:7", .host("::1", port: 7)),
        ("[::1]", .host("::1", port: 6379)), ("::1", .host("::1", port: 6379)), ("/run/r.sock", .unixSocket(path: "/run/r.sock")),
        ("unix:/r", .unixSocket(path: "/r")), ("unix:///r", .unixSocket(path: "/r")),
    ])
    func `addresses are read in all their forms`(_ text: String, _ address: RedisAddress) {
        #expect(RedisAddress(text, defaultPort: 6379) == address)
    }

    @Test(arguments: ["", ":1", "h:", "h:0", "h:65536", "h:x", "[::1", "[]:1", "unix:r", "/", "h h"])
    func `what is no address is refused`(_ text: String) {
        #expect(RedisAddress(text, defaultPort: 6379) == nil)
    }
}
