import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaMQTT

@Suite struct MQTTPubSubTests {
    static let versions = ["3.1.1", "5"]

    @Test(arguments: versions, [0, 1, 2]) func `messages go through with every QoS`(_ version: String, _ qos: Int) async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port, ["protocolVersion": version, "qos": "\(qos)"]) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect("orders", into: received)
            for index in 0..<200 { try await pubsub.publish("orders", "m\(index)") }
            try await received.wait(for: Set((0..<200).map { "m\($0)" }))
            await feed.close()
            let messages = await received.messages
            #expect(messages.count == 200)
            #expect(messages.map { String(buffer: $0.data) } == (0..<200).map { "m\($0)" })
            #expect(messages.allSatisfy { $0.topic == "orders" && $0.attempt == 1 && $0.metadata["retained"] == "false" })
        }
    }

    @Test func `version 5 carries metadata, content type and expiry`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port, ["protocolVersion": "5"]) { pubsub in
            #expect(pubsub.features == [.subscribeWildcards, .messageTTL])
            let received = Received()
            let feed = try await pubsub.collect("t", into: received)
            try await pubsub.publish("t", "x", ["tenant": "a b", "ttlInSeconds": "60", "rawPayload": "true"])
            try await received.wait(for: ["x"])
            let message = try #require(await received.messages.first)
            #expect(message.contentType == "application/cloudevents+json")
            #expect(message.metadata == ["tenant": "a b", "retained": "false"])
            await feed.close()
            // The group is away when this expires.
            try await pubsub.publish("t", "expires", ["ttlInSeconds": "1"])
            try await pubsub.publish("t", "stays")
            try await Task.sleep(for: .milliseconds(2100))
            let again = try await pubsub.collect("t", into: received)
            try await received.wait(for: ["stays"])
            #expect(await received.distinct == ["x", "stays"])
            await again.close()
        }
    }

    @Test func `wildcards and shared subscriptions`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port) { pubsub in
            let plus = Received()
            let hash = Received()
            let shared = Received()
            let feeds = [
                try await pubsub.collect("a/+/c", group: "one", into: plus), try await pubsub.collect("a/#", group: "two", into: hash),
                try await pubsub.collect("$share/workers/a/#", group: "w1", into: shared),
                try await pubsub.collect("$share/workers/a/#", group: "w2", into: shared),
            ]
            for topic in ["a/b/c", "a/b", "a", "b/b/c"] { try await pubsub.publish(topic, topic) }
            try await hash.wait(for: ["a/b/c", "a/b", "a"])
            try await plus.wait(for: ["a/b/c"])
            try await shared.wait(for: ["a/b/c", "a/b", "a"])
            for feed in feeds { await feed.close() }
            #expect(await plus.texts == ["a/b/c": 1])
            #expect(await hash.texts == ["a/b/c": 1, "a/b": 1, "a": 1])
            #expect(await shared.texts == ["a/b/c": 1, "a/b": 1, "a": 1])
            #expect(await plus.messages.map(\.topic) == ["a/b/c"])
        }
    }

    @Test func `groups get everything, subscribers of a group share, overlapping subscriptions each get theirs`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port) { pubsub in
            let received = [Received(), Received(), Received(), Received()]
            let feeds = [
                try await pubsub.collect("t/x", group: "a", into: received[0]),
                try await pubsub.collect("t/x", group: "a", into: received[1]),
                try await pubsub.collect("t/x", group: "b", into: received[2]),
                try await pubsub.collect("t/#", group: "a", into: received[3]),
            ]
            let all = Set((0..<50).map { "m\($0)" })
            for text in all { try await pubsub.publish("t/x", text) }
            try await received[2].wait(for: all)
            try await received[3].wait(for: all)
            try await received[0].wait { _ in true }
            let deadline = ContinuousClock.now + .seconds(10)
            while await received[0].messages.count + received[1].messages.count < 50, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            for feed in feeds { await feed.close() }
            let (first, second) = (await received[0].distinct, await received[1].distinct)
            #expect(first.union(second) == all && first.isDisjoint(with: second))
            #expect(!first.isEmpty && !second.isEmpty)
            #expect(await received[2].texts.values.allSatisfy { $0 == 1 })
        }
    }

    @Test(arguments: versions) func `a message is handed over until it is acknowledged`(_ version: String) async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port, ["protocolVersion": version, "redeliverInterval": "10ms"]) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect("t", into: received) { ($0.attempt ?? 0) < 4 ? .redeliver : .acknowledge }
            try await pubsub.publish("t", "poison")
            try await received.wait { $0.texts["poison"] == 4 }
            await feed.close()
            #expect(await received.messages.map(\.attempt) == [1, 2, 3, 4])
            #expect(Set(await received.messages.map(\.firstDelivered)).count == 1)
        }
    }

    @Test func `one in flight keeps the order, over redeliveries too`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port, ["redeliverInterval": "1ms"]) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect("t", inFlight: 1, into: received) { ($0.attempt ?? 0) < 2 ? .redeliver : .acknowledge }
            for index in 0..<20 { try await pubsub.publish("t", "m\(index)") }
            try await received.wait { $0.messages.count >= 40 }
            await feed.close()
            #expect(await received.messages.map { String(buffer: $0.data) } == (0..<20).flatMap { ["m\($0)", "m\($0)"] })
        }
    }

    @Test func `messages wait for a group that is away, and unacknowledged ones come back`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port) { pubsub in
            let first = Received()
            let feed = try await pubsub.collect("t", into: first) { _ in .redeliver }
            try await pubsub.publish("t", "unacknowledged")
            try await first.wait(for: ["unacknowledged"])
            await feed.close()
            try await pubsub.publish("t", "meanwhile")
        }
        try await withMQTT(server.port) { pubsub in
            let second = Received()
            let feed = try await pubsub.collect("t", into: second)
            try await second.wait(for: ["unacknowledged", "meanwhile"])
            await feed.close()
            let again = try #require(await second.messages.first { String(buffer: $0.data) == "unacknowledged" })
            #expect(again.attempt == 2)
        }
    }

    @Test func `a clean session forgets`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port, ["cleanSession": "true"]) { pubsub in
            let received = Received()
            await (try await pubsub.collect("t", into: received)).close()
            try await pubsub.publish("t", "lost")
            let feed = try await pubsub.collect("t", into: received)
            try await pubsub.publish("t", "kept")
            try await received.wait(for: ["kept"])
            await feed.close()
            #expect(await received.distinct == ["kept"])
        }
    }

    @Test func `retained messages reach later subscribers`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port) { pubsub in
            try await pubsub.publish("t", "last", ["retain": "true"])
            let received = Received()
            let feed = try await pubsub.collect("t", into: received)
            try await received.wait(for: ["last"])
            await feed.close()
            #expect(await received.messages.map { $0.metadata["retained"] } == ["true"])
        }
    }

    @Test func `a paused feed hands nothing over, and a closed one waits for its handlers`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect("t", into: received) { _ in
                try? await Task.sleep(for: .milliseconds(100))
                return .acknowledge
            }
            await feed.pause()
            for index in 0..<5 { try await pubsub.publish("t", "m\(index)") }
            try await Task.sleep(for: .milliseconds(100))
            #expect(await received.messages.isEmpty)
            await feed.resume()
            try await received.wait { $0.messages.count == 5 }
            await feed.close()
            // All were acknowledged: nothing is left for the next one.
            let next = Received()
            let other = try await pubsub.collect("t", into: next)
            try await pubsub.publish("t", "end")
            try await next.wait(for: ["end"])
            await other.close()
            #expect(await next.distinct == ["end"])
        }
    }

    @Test func `bad topics, metadata and logins are told apart`() async throws {
        let server = try await MosquittoServer()
        try await withMQTT(server.port) { pubsub in
            func code(_ body: () async throws -> Void) async -> CapabilityError.Code? {
                do {
                    try await body()
                    return nil
                } catch {
                    return (error as? CapabilityError)?.code
                }
            }
            for topic in ["", "a/+", "#", "a\0"] {
                #expect(await code { try await pubsub.publish(topic, "x") } == .invalidArgument, "\(topic)")
            }
            #expect(await code { try await pubsub.publish("a", "x", ["retain": "maybe"]) } == .invalidArgument)
            #expect(await code { try await pubsub.publish("a", "x", ["ttlInSeconds": "-1"]) } == .invalidArgument)
            for topic in ["", "a#", "#/a", "$share/g"] {
                #expect(await code { _ = try await pubsub.collect(topic, into: Received()) } == .invalidArgument, "\(topic)")
            }
        }
    }

    @Test(arguments: versions) func `logins and access rules of the broker`(_ version: String) async throws {
        let directory = try TemporaryDirectory()
        let made = try ServerProcess("mosquitto_passwd", ["-c", "-b", directory.file("passwords"), "user", "p@ss:word"])
        #expect(try await made.waitForExit() == .code(0))
        try directory.write("user user\ntopic readwrite open/#\n", to: "rules")
        let server = try await MosquittoServer(options: [
            "allow_anonymous false", "password_file \(directory.file("passwords"))", "acl_file \(directory.file("rules"))",
        ])
        try await withMQTT(server.port, ["url": "mqtt://user:p%40ss%3Aword@127.0.0.1:\(server.port)", "protocolVersion": version]) {
            pubsub in
            let received = Received()
            let feed = try await pubsub.collect("open/a", into: received)
            try await pubsub.publish("open/a", "x")
            try await received.wait(for: ["x"])
            await feed.close()
            if version == "5" {
                let refused = await #expect(throws: CapabilityError.self) { try await pubsub.publish("closed", "x") }
                #expect(refused?.code == .permissionDenied)
            }
        }
        try await withMQTT(server.port, ["url": "mqtt://user:wrong@127.0.0.1:\(server.port)", "protocolVersion": version]) { pubsub in
            let refused = await #expect(throws: CapabilityError.self) { try await pubsub.publish("open/a", "x") }
            #expect(refused?.code == .unavailable)
            #expect(refused?.message.contains("wrong") == false)
            #expect(refused?.message.contains(version == "5" ? "not authorized" : "not authorized") == true, "\(refused?.message ?? "")")
            #expect(pubsub.status.phase == .connecting)
        }
    }

    @Test(arguments: [
        ["url": "ws://h"], ["url": "nothing"], ["url": "tcp://"], ["url": "tcp://h:99999"], ["url": "tcp://h", "qos": "3"],
        ["url": "tcp://h", "protocolVersion": "4"], ["url": "tcp://h", "cleanSession": "maybe"], ["url": "ssl://h", "caCert": "x"],
        ["url": "ssl://h", "clientCert": "x"], ["url": "tcp://h", "keepAlive": "0"],
        ["url": "tcp://h", "cleanSession": "true", "sessionExpiryInterval": "5s"], [:],
    ])
    func `bad metadata names the field`(_ metadata: [String: String]) {
        #expect(throws: MetadataError.self) {
            _ = try ComponentMetadata(metadata).validate(against: MQTTPubSub.descriptor.fields)
            _ = try MQTTPubSub.descriptor.make(ComponentMetadata(metadata), BrokerTestLoops.environment("pubsub"))
        }
    }
}
