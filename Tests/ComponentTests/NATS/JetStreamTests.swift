import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaNATS

@Suite struct JetStreamTests {
    private func request(_ topic: String, group: String = "group", inFlight: Int = 100) -> SubscriptionRequest {
        SubscriptionRequest(topic: topic, consumerGroup: group, maximumInFlight: inFlight)
    }

    // MARK: - Publishing

    @Test func `a topic that no stream covers is named, unless streams may be created`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server, ["autoCreateStream": "false"]) { pubsub in
            let published = await #expect(throws: CapabilityError.self) { try await pubsub.publish("orders", "x") }
            #expect(published?.code == .notFound)
            #expect(published?.message.contains("\"orders\"") == true && published?.message.contains("autoCreateStream") == true)
            let subscribed = await #expect(throws: CapabilityError.self) {
                try await pubsub.subscribe(request("orders")) { _ in .acknowledge }
            }
            #expect(subscribed?.code == .notFound)
        }
        try await withJetStream(server) { try await $0.publish("orders", "x") }
        try await withJetStream(server, ["autoCreateStream": "false"]) { try await $0.publish("orders", "x") }
        try await withJetStream(server, ["autoCreateStream": "false", "streamName": "missing"]) { pubsub in
            let error = await #expect(throws: CapabilityError.self) {
                try await pubsub.subscribe(request("orders")) { _ in .acknowledge }
            }
            #expect(error?.message.contains("streamName") == true, "\(error?.message ?? "")")
        }
    }

    @Test func `one stream of a configured name gathers all topics`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server, ["streamName": "everything"]) { pubsub in
            for topic in ["a", "b.c", "d"] {
                let log = MessageLog()
                try await pubsub.publish(topic, topic)
                let feed = try await pubsub.subscribe(request(topic), log.handler())
                try await log.wait(count: 1)
                #expect(log.texts == [topic])
                await feed.close()
            }
        }
    }

    @Test func `a cloud event that is published twice is stored once, anything else every time`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler())
            for _ in 0..<3 { try await pubsub.publish("t", #"{"specversion":"1.0","id":"one","data":{"id":"x"}}"#) }
            for _ in 0..<2 { try await pubsub.publish("t", #"{"id":"raw"}"#) }
            try await pubsub.publish("t", "end")
            try await log.wait("the end") { $0.contains("end") }
            #expect(log.texts.filter { $0.contains("specversion") }.count == 1)
            #expect(log.texts.filter { $0.contains("raw") }.count == 2)
            await feed.close()
        }
    }

    @Test func `a message larger than the server takes is refused with its limit`() async throws {
        let server = try await NATSServer(configuration: "max_payload: 1000")
        try await withJetStream(server) { pubsub in
            try await pubsub.publish("t", String(repeating: "x", count: 1000))
            let error = await #expect(throws: CapabilityError.self) {
                try await pubsub.publish("t", String(repeating: "x", count: 1001))
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("1000") == true && error?.message.contains("max_payload") == true)
            try await pubsub.publish("t", "still there")
        }
    }

    @Test func `a server without JetStream says so`() async throws {
        let server = try await NATSServer(jetStream: false)
        try await withJetStream(server) { pubsub in
            let error = await #expect(throws: CapabilityError.self) { try await pubsub.publish("t", "x") }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("not enabled") == true)
        }
    }

    @Test(arguments: ["a b", "", "a.*", "a.>", "a\r\nPUB x 0"])
    func `topics that are no subjects are refused`(_ topic: String) async throws {
        let server = try await NATSServer()
        try await withJetStream(server) { pubsub in
            let error = await #expect(throws: CapabilityError.self) { try await pubsub.publish(topic, "x") }
            #expect(error?.code == .invalidArgument)
        }
    }

    // MARK: - Subscribing

    @Test func `wildcards take the topics that they match`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server, ["streamName": "S"]) { pubsub in
            let (one, rest) = (MessageLog(), MessageLog())
            let feeds = [
                try await pubsub.subscribe(request("orders.>", group: "rest"), rest.handler()),
                try await pubsub.subscribe(request("orders.*", group: "one"), one.handler()),
            ]
            for topic in ["orders.eu", "orders.us", "orders.eu.de"] { try await pubsub.publish(topic, topic) }
            try await rest.wait(count: 3)
            try await one.wait(count: 2)
            #expect(Set(one.texts) == ["orders.eu", "orders.us"])
            #expect(rest.messages.allSatisfy { $0.topic == String(buffer: $0.data) && $0.metadata["Topic"] == $0.topic })
            for feed in feeds { await feed.close() }
        }
    }

    @Test func `a group goes on where it was after a restart of the component`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler())
            try await pubsub.publish("t", "one")
            try await log.wait(count: 1)
            await feed.close()
            try await pubsub.publish("t", "two")
        }
        try await withJetStream(server) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler())
            try await log.wait(count: 1)
            #expect(log.texts == ["two"])
            await feed.close()
        }
    }

    @Test(
        arguments: [
            [:], ["queueGroupName": "q"], ["flowControl": "true", "heartbeat": "200ms"], ["heartbeat": "100ms"], ["rateLimit": "10000000"],
            ["memoryStorage": "true", "replicas": "1"], ["maxAckPending": "5"],
            ["maxDeliver": "5", "backOff": "2s, 3s", "ackWait": "100ms"],
            ["ackPolicy": "all"], ["durableName": "mine"], ["concurrency": "single"],
        ] as [[String: String]])
    func `every way to consume hands over all, and again what was refused`(_ metadata: [String: String]) async throws {
        let server = try await NATSServer()
        try await withJetStream(server, metadata) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(
                request("t"), log.handler { $0.attempt == 1 && String(buffer: $0.data) == "3" ? .redeliver : .acknowledge })
            for number in 0..<40 { try await pubsub.publish("t", "\(number)") }
            try await log.wait("all, and one twice") { Set($0).count == 40 && $0.count == 41 }
            #expect(log.messages.filter { String(buffer: $0.data) == "3" }.map(\.attempt) == [1, 2])
            await feed.close()
        }
    }

    @Test func `without acknowledgements nothing comes again`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server, ["ackPolicy": "none"]) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler { _ in .redeliver })
            for number in 0..<5 { try await pubsub.publish("t", "\(number)") }
            try await log.wait(count: 5)
            #expect(log.texts.count == 5)
            await feed.close()
        }
    }

    @Test(
        arguments: [
            (["deliverPolicy": "last"], ["2", "3"]), (["deliverPolicy": "new"], ["3"]),
            (["deliverPolicy": "sequence", "startSequence": "2"], ["1", "2", "3"]),
            (["deliverPolicy": "time", "startTime": "1"], ["0", "1", "2", "3"]), (["deliverPolicy": "all"], ["0", "1", "2", "3"]),
        ] as [([String: String], [String])])
    func `a new consumer begins where it is told to`(_ metadata: [String: String], _ expected: [String]) async throws {
        let server = try await NATSServer()
        try await withJetStream(server, metadata) { pubsub in
            for number in 0..<3 { try await pubsub.publish("t", "\(number)") }
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t", inFlight: 1), log.handler())
            try await pubsub.publish("t", "3")
            try await log.wait("the last") { $0.contains("3") }
            #expect(log.texts == expected)
            await feed.close()
        }
    }

    @Test func `one durable name serves two topics`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server, ["durableName": "mine", "streamName": "S"]) { pubsub in
            let (first, second) = (MessageLog(), MessageLog())
            let feeds = [
                try await pubsub.subscribe(request("a"), first.handler()), try await pubsub.subscribe(request("b"), second.handler()),
            ]
            try await pubsub.publish("a", "to a")
            try await pubsub.publish("b", "to b")
            try await first.wait(count: 1)
            try await second.wait(count: 1)
            #expect(first.texts == ["to a"] && second.texts == ["to b"])
            for feed in feeds { await feed.close() }
        }
    }

    @Test func `a handler may take longer than the server waits for it`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server, ["ackWait": "200ms"]) { pubsub in
            let log = MessageLog()
            let gate = Gate()
            let feed = try await pubsub.subscribe(
                request("t"),
                log.handler { message in
                    if String(buffer: message.data) == "slow" { await gate.wait() }
                    return .acknowledge
                })
            try await pubsub.publish("t", "slow")
            // Refused messages come back after ackWait: five of those pass.
            let clock = MessageLog()
            let other = try await pubsub.subscribe(request("clock"), clock.handler { ($0.attempt ?? 0) < 5 ? .redeliver : .acknowledge })
            try await pubsub.publish("clock", "tick")
            try await clock.wait(count: 5)
            #expect(log.texts == ["slow"])
            gate.open()
            await feed.close()
            await other.close()
            #expect(log.texts == ["slow"])
        }
    }

    @Test func `what was fetched and not handed over goes to the next consumer at once`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server, ["ackWait": "1h"]) { pubsub in
            let log = MessageLog()
            let gate = Gate()
            let feed = try await pubsub.subscribe(
                request("t", inFlight: 1),
                log.handler { _ in
                    await gate.wait()
                    return .acknowledge
                })
            for number in 0..<6 { try await pubsub.publish("t", "\(number)") }
            try await log.wait(count: 1)
            await feed.pause()
            gate.open()
            await feed.close()
            #expect(log.texts == ["0"])
            let rest = MessageLog()
            let next = try await pubsub.subscribe(request("t", inFlight: 1), rest.handler())
            try await rest.wait("the rest") { Set($0) == ["1", "2", "3", "4", "5"] }
            #expect(rest.texts.count == 5)
            await next.close()
        }
    }

    // MARK: - Metadata

    @Test(arguments: [
        ("natsURL", "http://x"), ("deliverPolicy", "some"), ("ackPolicy", "maybe"), ("startSequence", "-1"), ("ackWait", "soon"),
        ("backOff", "1s,x"),
        ("maxDeliver", "often"), ("durableName", "a.b"), ("streamName", "a b"), ("seedKey", "SUX"), ("concurrency", "some"),
        ("flowControl", "perhaps"),
        ("memoryStorage", "x"), ("replicas", "x"), ("heartbeat", "-1s"),
    ])
    func `metadata that makes no sense is refused by name`(_ field: String, _ value: String) {
        let error = #expect(throws: MetadataError.self) { try makeJetStream(["natsURL": "nats://h"].merging([field: value]) { $1 }) }
        #expect(error?.field == field)
        #expect(error?.description.contains("SUX") == false)
    }

    @Test(arguments: [
        (["jwt": "x"], "seedKey"), (["tls_client_cert": "x"], "tls_client_key"), (["tls_client_key": "x"], "tls_client_cert"),
        (["deliverPolicy": "sequence"], "startSequence"), (["deliverPolicy": "time"], "startTime"), (["flowControl": "true"], "heartbeat"),
        (["maxDeliver": "2", "backOff": "1s,2s"], "maxDeliver"),
    ])
    func `fields that belong together are demanded`(_ metadata: [String: String], _ missing: String) {
        let error = #expect(throws: MetadataError.self) { try makeJetStream(["natsURL": "nats://h"].merging(metadata) { $1 }) }
        #expect(error?.field == missing)
    }

    @Test(arguments: [(["domain": "hub"], "$JS.hub.API"), (["apiPrefix": "my.api.", "domain": "hub"], "my.api"), ([:], "$JS.API")])
    func `domain and prefix lead to the API`(_ metadata: [String: String], _ prefix: String) throws {
        #expect(try JetStreamSettings(ComponentMetadata(metadata)).apiPrefix == prefix)
    }

    @Test func `a domain of the server is reached by its name`() async throws {
        let server = try await NATSServer(configuration: "jetstream { domain: hub }", options: [])
        try await withJetStream(server, ["domain": "hub"]) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler())
            try await pubsub.publish("t", "x")
            try await log.wait(count: 1)
            await feed.close()
        }
    }
}

@Suite(.serialized) struct JetStreamConformanceTests {
    private func run(_ metadata: [String: String]) async throws {
        let server = try await NATSServer()
        let port = server.port
        var profile = PubSubProfile {
            let broker = try makeJetStream(
                ["natsURL": "nats://127.0.0.1:\(port)", "streamName": "conformance"].merging(jetStreamDefaults) { $1 }.merging(metadata) {
                    $1
                })
            try await broker.start()
            return broker
        }
        profile.keepsForFutureGroups = true
        profile.takesAnyTopic = false
        profile.largestMessageBytes = 1 << 19
        for failure in await PubSubConformance(profile).failures() { Issue.record(failure) }
        withExtendedLifetime(server) {}
    }

    @Test func `pubsub.jetstream keeps the contract with pull consumers`() async throws { try await run([:]) }
}
