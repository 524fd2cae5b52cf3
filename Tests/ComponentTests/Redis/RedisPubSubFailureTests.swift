import MechaCore
import MechaTestKit
import Testing

@testable import MechaRedis

@Suite struct RedisPubSubFailureTests {
    private let durable = ["--appendonly", "yes", "--appendfsync", "always"]

    @Test func `kill -9 of the server under load loses nothing that was confirmed`() async throws {
        let directory = try TemporaryDirectory()
        var server = try await RedisServer(directory: directory.path, options: durable)
        let port = server.port
        try await withRedisPubSub(port: port) { pubsub in
            _ = try await expectNothingLost(pubsub, topic: "t") { load in
                for _ in 0..<3 {
                    try await load.advance()
                    server.process.killNow()
                    server = try await RedisServer(port: port, directory: directory.path, options: durable)
                }
                try await load.advance()
            }
        }
    }

    @Test func `connections cut in the middle of messages lose nothing that was confirmed`() async throws {
        let server = try await RedisServer()
        let proxy = try await FaultProxy(to: server.port)
        try await withRedisPubSub(port: proxy.port) { pubsub in
            _ = try await expectNothingLost(pubsub, topic: "t") { load in
                for bytes in [1, 17, 100, 333, 1_000] {
                    await proxy.cut(after: bytes, .toServer)
                    try await load.advance(by: 20)
                    await proxy.cut(after: bytes, .toClient)
                    try await load.advance(by: 20)
                    await proxy.cut()
                    try await load.advance(by: 20)
                }
            }
            #expect(await proxy.acceptedCount > 5)
        }
    }

    @Test func `a server that stalls and refuses for a while is used again when it comes back`() async throws {
        let server = try await RedisServer()
        let proxy = try await FaultProxy(to: server.port)
        try await withRedisPubSub(port: proxy.port, ["readTimeout": "150ms", "dialTimeout": "150ms"]) { pubsub in
            _ = try await expectNothingLost(pubsub, topic: "t") { load in
                try await load.advance()
                await proxy.stall(true)
                try await eventually {
                    guard pubsub.status.phase == .connecting else { throw TestKitError("the stall is not noticed") }
                }
                await proxy.refuse(true)
                await proxy.stall(false)
                await proxy.cut()
                try await eventually {
                    guard pubsub.status.reason != nil else { throw TestKitError("no reason") }
                }
                await proxy.refuse(false)
                try await load.advance()
                await proxy.delay(.milliseconds(5))
                try await load.advance(by: 20)
                await proxy.delay(.zero)
            }
        }
    }

    @Test func `a feed begins although the server is away and survives a server that lost everything`() async throws {
        let port = try LoopbackPort.free()
        try await withRedisPubSub(port: port) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g"), log.handler())
            var server = try await RedisServer(port: port)
            try await eventually { try await pubsub.publish("t", "first") }
            try await log.wait(count: 1)
            _ = try await server.cli("FLUSHALL")
            try await pubsub.publish("t", "second")
            try await log.wait("the message after FLUSHALL") { $0.contains("second") }
            server.stop()
            server = try await RedisServer(port: port)
            try await eventually { try await pubsub.publish("t", "third") }
            try await log.wait("the message after the restart") { $0.contains("third") }
            await feed.close()
            server.stop()
        }
    }

    @Test func `a feed closes in bounded time although the server is gone`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port, ["readTimeout": "2s"]) { pubsub in
            let log = MessageLog()
            let gate = Gate()
            let feed = try await pubsub.subscribe(
                SubscriptionRequest(topic: "t", consumerGroup: "g", maximumInFlight: 1),
                log.handler { _ in
                    await gate.wait()
                    return .acknowledge
                })
            for number in 0..<3 { try await pubsub.publish("t", "\(number)") }
            try await log.wait(count: 1)
            server.process.killNow()
            gate.open()
            await feed.close()
        }
    }

    @Test func `an acknowledgement that the server missed is sent again and the message not handed over twice`() async throws {
        let server = try await RedisServer()
        let proxy = try await FaultProxy(to: server.port)
        try await withRedisPubSub(port: proxy.port) { pubsub in
            let log = MessageLog()
            let gate = Gate()
            let feed = try await pubsub.subscribe(
                SubscriptionRequest(topic: "t", consumerGroup: "g"),
                log.handler { _ in
                    await gate.wait()
                    return .acknowledge
                })
            try await pubsub.publish("t", "m")
            try await log.wait(count: 1)
            await proxy.refuse(true)
            await proxy.cut()
            gate.open()
            try await eventually {
                guard pubsub.status.phase == .connecting else { throw TestKitError("still connected") }
            }
            await proxy.refuse(false)
            try await eventually {
                guard try await server.cli("XPENDING", "t", "g").first == "0" else { throw TestKitError("not acknowledged") }
            }
            #expect(log.texts == ["m"])
            await feed.close()
        }
    }

    @Test func `a cluster carries topics of all its nodes`() async throws {
        let cluster = try await RedisClusterFixture(nodes: 3)
        let hosts = cluster.nodes.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        try await withRedisPubSub(["redisHost": hosts, "redisType": "cluster"].merging(briskRedelivery) { $1 }) { pubsub in
            for topic in ["a", "b", "c", "d", "e", "f"] {
                let log = MessageLog()
                let feed = try await pubsub.subscribe(
                    SubscriptionRequest(topic: topic, consumerGroup: "g"), log.handler { $0.attempt == 1 ? .redeliver : .acknowledge })
                try await pubsub.publish(topic, topic)
                try await log.wait(count: 2)
                #expect(log.texts == [topic, topic])
                await feed.close()
            }
        }
    }

    @Test func `a topic whose slot moves to another node goes on there`() async throws {
        let cluster = try await RedisClusterFixture(nodes: 2)
        let hosts = cluster.nodes.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let slot = RedisSlot(key: "moving").number
        let source = cluster.nodes[slot < 8_192 ? 0 : 1]
        let target = cluster.nodes[slot < 8_192 ? 1 : 0]
        try await withRedisPubSub(["redisHost": hosts, "redisType": "cluster"].merging(briskRedelivery) { $1 }) { pubsub in
            _ = try await expectNothingLost(pubsub, topic: "moving", publishers: 1) { load in
                try await load.advance(by: 20)
                let (targetID, sourceID) = (try await target.cli("CLUSTER", "MYID")[0], try await source.cli("CLUSTER", "MYID")[0])
                _ = try await target.cli("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", sourceID)
                _ = try await source.cli("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", targetID)
                #expect(try await source.cli("MIGRATE", "127.0.0.1", "\(target.port)", "moving", "0", "5000") == ["OK"])
                for node in [target, source] { _ = try await node.cli("CLUSTER", "SETSLOT", "\(slot)", "NODE", targetID) }
                try await load.advance(by: 20)
            }
            #expect(try await target.cli("EXISTS", "moving") == ["1"])
        }
    }
}

@Suite(.serialized) struct RedisPubSubConformanceTests {
    private func run(_ metadata: [String: String]) async -> [ConformanceFailure] {
        var profile = PubSubProfile {
            let broker = try redisComponent(
                RedisPubSub.descriptor, briskRedelivery.merging(["concurrency": "100"]) { $1 }.merging(metadata) { $1 },
                as: RedisPubSub.self)
            try await broker.start()
            return broker
        }
        profile.keepsForFutureGroups = true
        profile.carriesContentType = false
        return await PubSubConformance(profile).failures()
    }

    @Test func `pubsub.redis keeps the contract`() async throws {
        let server = try await RedisServer()
        for failure in await run(["redisHost": "127.0.0.1:\(server.port)"]) { Issue.record(failure) }
    }

    @Test func `pubsub.redis keeps the contract on a cluster of three nodes`() async throws {
        let cluster = try await RedisClusterFixture(nodes: 3)
        let hosts = cluster.nodes.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        for failure in await run(["redisHost": hosts, "redisType": "cluster"]) { Issue.record(failure) }
    }
}
