import MechaCore
import MechaTestKit
import NIOCore
import Synchronization
import Testing

@testable import MechaRedis

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct RedisFailureTests {
    private let brisk = ["redisMaxRetryInterval": "20ms"]

    private func failure(_ store: RedisStateStore) async -> CapabilityError? {
        await #expect(throws: CapabilityError.self) { try await store.get("k", StateReadOptions()) }
    }

    private func untilServed(_ store: RedisStateStore) async throws {
        _ = try await eventually { try await store.get("k", StateReadOptions()) }
    }

    @Test func `a store whose server is away starts, fails fast, and serves once the server is there`() async throws {
        let port = try LoopbackPort.free()
        try await withRedisStore(["redisHost": "127.0.0.1:\(port)"].merging(brisk) { $1 }) { store in
            let error = await failure(store)
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("Connection refused") == true, "\(error?.message ?? "")")
            #expect(store.status.phase == .connecting)
            #expect(store.status.reason?.contains("Connection refused") == true)
            let server = try await RedisServer(port: port)
            try await untilServed(store)
            #expect(store.status == .ready)
            server.stop()
        }
    }

    @Test func `once one loop has reached the server, no other refuses calls until the end of its pause`() async throws {
        let port = try LoopbackPort.free()
        let patient = ["redisHost": "127.0.0.1:\(port)", "redisMinRetryInterval": "10m", "redisMaxRetryInterval": "10m"]
        try await withRedisStore(patient) { store in
            func read(onLoop index: Int) async throws {
                _ = try await RedisTestLoops.run(onLoop: index) { try await store.get("k", StateReadOptions()) }
            }
            await #expect(throws: CapabilityError.self) { try await read(onLoop: 0) }
            let server = try await RedisServer(port: port)
            await #expect(throws: CapabilityError.self) { try await read(onLoop: 0) }
            // The first call of this loop, which does not know of any trouble.
            try await read(onLoop: 1)
            try await read(onLoop: 0)
            #expect(store.status == .ready)
            server.stop()
        }
    }

    @Test func `kill -9 of the server under load loses no acknowledged write, and the store recovers by itself`() async throws {
        let directory = try TemporaryDirectory()
        let durable = ["--appendonly", "yes", "--appendfsync", "always"]
        var server = try await RedisServer(directory: directory.path, options: durable)
        let port = server.port
        try await withRedisStore(server, brisk) { store in
            let writers = WritersUnderLoad(count: 8)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        while let value = writers.next(writer) {
                            do {
                                try await store.set(StateWrite(key: "writer-\(writer)", value: ByteBuffer(string: "\(value)")))
                                writers.acknowledge(writer, value)
                            } catch {
                                try await Task.sleep(for: .milliseconds(2))
                            }
                        }
                    }
                }
                for _ in 0..<3 {
                    try await writers.advance()
                    server.process.killNow()
                    server = try await RedisServer(port: port, directory: directory.path, options: durable)
                }
                try await writers.advance()
                writers.stop()
                try await group.waitForAll()
            }
            for (writer, value) in writers.acknowledged.enumerated() {
                let stored = try await store.get("writer-\(writer)", StateReadOptions()).flatMap { Int(String(buffer: $0.value)) }
                #expect(try #require(stored) >= value, "writer \(writer)")
            }
        }
    }

    /// What several writers have tried to write, each a number that grows, and what was acknowledged.
    private final class WritersUnderLoad: Sendable {
        private struct State {
            var tried: [Int]
            var acknowledged: [Int]
            var isStopped = false
        }

        private let state: Mutex<State>

        init(count: Int) {
            state = Mutex(State(tried: Array(repeating: 0, count: count), acknowledged: Array(repeating: 0, count: count)))
        }

        var acknowledged: [Int] { state.withLock { $0.acknowledged } }

        func next(_ writer: Int) -> Int? {
            state.withLock { state in
                state.tried[writer] += 1
                return state.isStopped ? nil : state.tried[writer]
            }
        }

        func acknowledge(_ writer: Int, _ value: Int) { state.withLock { $0.acknowledged[writer] = value } }
        func stop() { state.withLock { $0.isStopped = true } }

        /// Waits until every writer has had some more writes acknowledged.
        func advance() async throws {
            let start = acknowledged
            let deadline = ContinuousClock.now + .seconds(20)
            while zip(start, acknowledged).contains(where: { $1 < $0 + 5 }) {
                guard ContinuousClock.now < deadline else { throw TestKitError("the writers stand still") }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test func `a server that stops answering fails calls in time and is used again when it comes back`() async throws {
        let server = try await RedisServer()
        try await withRedisStore(server, ["readTimeout": "200ms", "dialTimeout": "200ms"].merging(brisk) { $1 }) { store in
            try await RedisTestLoops.run {
                try await untilServed(store)
                server.process.send(SIGSTOP)
                let first = await failure(store)
                #expect(first?.code == .timeout)
                #expect(first?.message.contains("whether the command took effect is unknown") == true)
                #expect(await failure(store)?.code == .unavailable)
                server.process.send(SIGCONT)
                try await untilServed(store)
            }
        }
    }

    @Test func `a silent connection is noticed without any call`() async throws {
        let server = try await RedisServer()
        var configuration = RedisConfiguration(topology: .node([.host("127.0.0.1", port: server.port)]))
        configuration.limits.keepAliveInterval = .milliseconds(30)
        configuration.readTimeout = .milliseconds(100)
        configuration.dialTimeout = .milliseconds(100)
        let client = RedisClient(configuration: configuration, group: RedisTestLoops.shared.group)
        try await client.start()
        try await until { client.status == .ready }
        server.process.send(SIGSTOP)
        try await until { client.status.phase == .connecting }
        server.process.send(SIGCONT)
        try await until { client.status == .ready }
        await client.close()
        #expect(client.status.phase == .closed)
    }

    private func until(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition() {
            guard ContinuousClock.now < deadline else { throw TestKitError("it did not happen") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func `a server that accepts and never answers fails calls within the dial timeout`() async throws {
        let peer = try await FakePeer { _ in "" }
        try await withRedisStore(["redisHost": "127.0.0.1:\(peer.port)", "dialTimeout": "100ms"]) { store in
            #expect(await failure(store)?.code == .unavailable)
            try await until { store.status.reason?.contains("dialTimeout") == true }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}", "$99999999999\r\n", "*1\r\n*1\r\n?", "+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
    ])
    func `a server that sends garbage fails calls with words for it`(_ garbage: String) async throws {
        let peer = try await FakePeer { _ in garbage }
        try await withRedisStore(["redisHost": "127.0.0.1:\(peer.port)"].merging(brisk) { $1 }) { store in
            let error = await failure(store)
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("protocol") == true, "\(error?.message ?? "")")
        }
    }

    @Test func `garbage after a good start fails what is in flight, and a new connection serves`() async throws {
        let connections = Atomic(0)
        let peer = try await FakePeer { received in
            if received.contains("HELLO") {
                connections.wrappingAdd(1, ordering: .relaxed)
                return "%0\r\n"
            }
            if received.contains("PING") { return "+PONG\r\n" }
            return connections.load(ordering: .relaxed) == 1 ? "garbage\r\n" : "*2\r\n$1\r\nv\r\n$1\r\n1\r\n:-1\r\n"
        }
        try await withRedisStore(["redisHost": "127.0.0.1:\(peer.port)"].merging(brisk) { $1 }) { store in
            let error = try await RedisTestLoops.run { await failure(store) }
            #expect(error?.code == .backend)
            try await untilServed(store)
        }
    }

    @Test func `requests beyond the limit are refused at once and the others served`() async throws {
        let server = try await RedisServer()
        var configuration = RedisConfiguration(topology: .node([.host("127.0.0.1", port: server.port)]))
        configuration.limits.inFlightPerConnection = 10
        configuration.limits.callsWaitingForConnection = 100
        let client = RedisClient(configuration: configuration, group: RedisTestLoops.shared.group)
        let store = RedisStateStore(client: client, clock: SystemClock())
        try await store.start()
        try await untilServed(store)
        try await untilServed(store)
        let codes = await withTaskGroup(of: CapabilityError.Code?.self) { group in
            for _ in 0..<500 {
                group.addTask {
                    do {
                        _ = try await store.get("k", StateReadOptions())
                        return nil
                    } catch {
                        return (error as? CapabilityError)?.code
                    }
                }
            }
            return await group.reduce(into: [CapabilityError.Code?: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(Set(codes.keys).isSubset(of: [nil, .resourceExhausted]))
        #expect(codes[nil, default: 0] >= 10)
        await store.close()
        #expect(await failure(store)?.code == .closed)
    }

    @Test func `strong writes wait for every replica, and say so when one does not confirm`() async throws {
        let master = try await RedisServer(options: ["--repl-diskless-sync-delay", "0"])
        let replica = try await RedisServer(options: ["--replicaof", "127.0.0.1", "\(master.port)"])
        try await replica.process.waitUntil("takes over what is written") {
            _ = try await master.cli("SET", "warm", "up")
            return try await replica.cli("GET", "warm") == ["up"]
        }
        try await withRedisStore(master) { store in
            for (index, key) in ["a", "b"].enumerated() {
                try await store.set(StateWrite(key: key, value: ByteBuffer(string: "\(index)"), consistency: .strong))
                #expect(try await replica.cli("HGET", key, "data") == ["\(index)"])
            }
            try await store.transact([.upsert(StateWrite(key: "c", value: ByteBuffer(string: "x"), consistency: .strong))], metadata: [:])
            #expect(try await replica.cli("HGET", "c", "data") == ["x"])
            try await store.delete(StateRemoval(key: "a", consistency: .strong))
            #expect(try await replica.cli("EXISTS", "a") == ["0"])
            replica.process.send(SIGSTOP)
            let error = await #expect(throws: CapabilityError.self) {
                try await store.set(StateWrite(key: "b", value: ByteBuffer(string: "late"), consistency: .strong))
            }
            #expect(error?.code == .timeout)
            #expect(error?.message.contains("0 of 1 replicas") == true)
            #expect(try await store.get("b", StateReadOptions()).map { String(buffer: $0.value) } == "late")
            replica.process.send(SIGCONT)
        }
    }
}
