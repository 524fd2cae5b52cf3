import MechaCore
import MechaTestKit
import NIOCore
import Synchronization
import Testing

@testable import MechaRedis

@Suite struct RedisPubSubTests {
    private func request(_ topic: String, group: String = "group", inFlight: Int = 100) -> SubscriptionRequest {
        SubscriptionRequest(topic: topic, consumerGroup: group, maximumInFlight: inFlight)
    }

    // MARK: - Layout

    @Test func `a message lies in a stream as Dapr's component would put it there`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port) { pubsub in
            try await pubsub.publish("orders", "plain")
            try await pubsub.publish("orders", "rich", ["b": "2\"", "a": "1"])
            let lines = try await server.cli("XRANGE", "orders", "-", "+")
            #expect(lines.filter { !$0.contains("-") } == ["data", "plain", "data", "rich", "metadata", #"{"a":"1","b":"2\""}"#])
        }
    }

    @Test func `a message that another writer put into the stream is read`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port) { pubsub in
            _ = try await server.cli("XADD", "orders", "*", "data", "one", "metadata", #"{"key":"value","n":1}"#)
            _ = try await server.cli("XADD", "orders", "*", "data", "two")
            _ = try await server.cli("XADD", "orders", "*", "metadata", "no json", "other", "x")
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("orders", inFlight: 1), log.handler())
            try await log.wait(count: 3)
            #expect(log.texts == ["one", "two", ""])
            #expect(log.messages.map(\.metadata) == [["key": "value"], [:], [:]])
            #expect(log.messages.allSatisfy { $0.attempt == 1 && $0.topic == "orders" })
            await feed.close()
            #expect(try await server.cli("XPENDING", "orders", "group").first == "0")
            // The group and its consumer have the name of the consumer id.
            #expect(try await server.cli("XINFO", "CONSUMERS", "orders", "group").prefix(2) == ["name", "group"])
        }
    }

    @Test func `a batch is confirmed message by message`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port) { pubsub in
            let many = (0..<600).map { OutgoingMessage(topic: "t", data: ByteBuffer(string: "\($0)")) }
            let outcomes = try await pubsub.publish(many)
            #expect(outcomes.count == 600 && outcomes.allSatisfy { $0 == nil })
            #expect(try await server.cli("XLEN", "t") == ["600"])
            _ = try await server.cli("SET", "text", "x")
            let refused = try await pubsub.publish([
                OutgoingMessage(topic: "text", data: ByteBuffer()), OutgoingMessage(topic: "text", data: ByteBuffer()),
            ])
            #expect(refused.map { ($0 as? CapabilityError)?.code } == [.backend, .backend])
            #expect(try await pubsub.publish([]).isEmpty)
        }
    }

    @Test func `streams are cut to a length or an age`() async throws {
        let server = try await RedisServer(options: ["--stream-node-max-entries", "10"])
        try await withRedisPubSub(port: server.port, ["maxLenApprox": "20"]) { pubsub in
            for number in 0..<200 { try await pubsub.publish("short", "\(number)") }
            let length = try #require(Int(try await server.cli("XLEN", "short")[0]))
            #expect(20...40 ~= length)
        }
        try await withRedisPubSub(port: server.port, ["streamTTL": "1h"]) { pubsub in
            for number in 1...50 { _ = try await server.cli("XADD", "old", "\(number)-0", "data", "x") }
            try await pubsub.publish("old", "new")
            let length = try #require(Int(try await server.cli("XLEN", "old")[0]))
            #expect(length <= 11)
        }
    }

    // MARK: - Groups

    @Test func `subscribers of a group share the messages and every group gets all`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port, ["processingTimeout": "1m"]) { pubsub in
            let (first, second, other) = (MessageLog(), MessageLog(), MessageLog())
            let feeds = [
                try await pubsub.subscribe(request("t"), first.handler()), try await pubsub.subscribe(request("t"), second.handler()),
                try await pubsub.subscribe(request("t", group: "other"), other.handler()),
            ]
            for number in 0..<100 { try await pubsub.publish("t", "\(number)") }
            let all = Set((0..<100).map(String.init))
            try await other.wait("all for the other group") { Set($0) == all }
            try await first.wait("all for the group") { Set($0).union(second.texts) == all }
            #expect(first.texts.count + second.texts.count == 100)
            for feed in feeds { await feed.close() }
        }
    }

    @Test func `with one in flight messages come in order and never overlap`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port, ["queueDepth": "7"]) { pubsub in
            let log = MessageLog()
            let running = Atomic(0)
            let overlaps = Atomic(0)
            for number in 0..<60 { try await pubsub.publish("t", "\(number)") }
            let feed = try await pubsub.subscribe(
                request("t", inFlight: 1),
                log.handler { _ in
                    if running.add(1, ordering: .relaxed).newValue > 1 { overlaps.add(1, ordering: .relaxed) }
                    await Task.yield()
                    running.subtract(1, ordering: .relaxed)
                    return .acknowledge
                })
            try await log.wait(count: 60)
            #expect(log.texts == (0..<60).map(String.init))
            #expect(overlaps.load(ordering: .relaxed) == 0)
            await feed.close()
        }
    }

    // MARK: - Redelivery

    @Test func `what is not acknowledged comes again with a higher attempt`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler { ($0.attempt ?? 0) < 3 ? .redeliver : .acknowledge })
            try await pubsub.publish("t", "m", ["k": "v"])
            try await log.wait(count: 3)
            #expect(log.messages.map(\.attempt) == [1, 2, 3])
            #expect(log.messages.allSatisfy { $0.metadata == ["k": "v"] && String(buffer: $0.data) == "m" })
            await feed.close()
            #expect(try await server.cli("XPENDING", "t", "group").first == "0")
        }
    }

    @Test func `a backlog of unacknowledged messages larger than the queue comes again whole`() async throws {
        let server = try await RedisServer()
        for number in 0..<120 { _ = try await server.cli("XADD", "t", "*", "data", "\(number)") }
        _ = try await server.cli("XGROUP", "CREATE", "t", "group", "0")
        // A consumer that died with all of them.
        _ = try await server.cli("XREADGROUP", "GROUP", "group", "dead", "COUNT", "1000", "STREAMS", "t", ">")
        try await withRedisPubSub(port: server.port, ["queueDepth": "20", "redeliverInterval": "150ms"]) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler())
            try await log.wait("the backlog") { Set($0) == Set((0..<120).map(String.init)) }
            #expect(log.messages.allSatisfy { $0.attempt == 2 })
            await feed.close()
        }
    }

    @Test func `messages deleted from the stream while pending are forgotten`() async throws {
        let server = try await RedisServer()
        _ = try await server.cli("XADD", "t", "1-1", "data", "gone")
        _ = try await server.cli("XADD", "t", "1-2", "data", "here")
        _ = try await server.cli("XGROUP", "CREATE", "t", "group", "0")
        _ = try await server.cli("XREADGROUP", "GROUP", "group", "dead", "COUNT", "10", "STREAMS", "t", ">")
        _ = try await server.cli("XDEL", "t", "1-1")
        try await withRedisPubSub(port: server.port) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler())
            try await log.wait(count: 1)
            #expect(log.texts == ["here"])
            try await eventually {
                guard try await server.cli("XPENDING", "t", "group").first == "0" else { throw TestKitError("still pending") }
            }
            await feed.close()
        }
    }

    @Test func `a slow message is not handed over again while its handler is at work`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port) { pubsub in
            let log = MessageLog()
            let gate = Gate()
            let feed = try await pubsub.subscribe(
                request("t"),
                log.handler { message in
                    if String(buffer: message.data) == "slow" { await gate.wait() }
                    return .acknowledge
                })
            try await pubsub.publish("t", "slow")
            try await log.wait(count: 1)
            // The server holds it for overdue; several rounds of redelivery pass meanwhile.
            try await eventually {
                let idle = try await server.cli("XPENDING", "t", "group", "IDLE", "400", "-", "+", "10")
                guard idle.count > 1 else { throw TestKitError("not idle yet") }
            }
            try await pubsub.publish("t", "next")
            try await log.wait(count: 2)
            #expect(log.texts == ["slow", "next"])
            gate.open()
            await feed.close()
            #expect(log.texts == ["slow", "next"])
            #expect(try await server.cli("XPENDING", "t", "group").first == "0")
        }
    }

    @Test func `with redelivery turned off nothing comes again`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port, ["processingTimeout": "0"]) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler { _ in .redeliver })
            try await pubsub.publish("t", "once")
            try await log.wait(count: 1)
            try await pubsub.publish("t", "another")
            try await log.wait(count: 2)
            await feed.close()
            #expect(log.texts == ["once", "another"])
        }
    }

    // MARK: - Pausing and closing

    @Test func `a paused feed hands over nothing and goes on where it was`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler())
            try await pubsub.publish("t", "before")
            try await log.wait(count: 1)
            await feed.pause()
            for number in 0..<20 { try await pubsub.publish("t", "\(number)") }
            #expect(log.texts == ["before"])
            await feed.resume()
            try await log.wait(count: 21)
            #expect(Set(log.texts) == Set(["before"] + (0..<20).map(String.init)))
            await feed.close()
        }
    }

    @Test func `closing waits for handlers, tells the server, and leaves the rest to the next consumer`() async throws {
        let server = try await RedisServer()
        // A long timeout: what was fetched and not handed over must not have to wait for it.
        try await withRedisPubSub(port: server.port, ["processingTimeout": "1h"]) { pubsub in
            let log = MessageLog()
            let gate = Gate()
            let feed = try await pubsub.subscribe(
                request("t", inFlight: 1),
                log.handler { _ in
                    await gate.wait()
                    return .acknowledge
                })
            for number in 0..<5 { try await pubsub.publish("t", "\(number)") }
            try await log.wait(count: 1)
            await feed.pause()
            gate.open()
            await feed.close()
            #expect(log.texts == ["0"])
            let rest = MessageLog()
            let next = try await pubsub.subscribe(request("t", inFlight: 1), rest.handler())
            try await rest.wait(count: 4)
            #expect(Set(rest.texts) == ["1", "2", "3", "4"])
            #expect(rest.messages.allSatisfy { $0.attempt == 1 })
            await next.close()
            await next.close()
            #expect(try await server.cli("XPENDING", "t", "group").first == "0")
        }
    }

    @Test func `closing does not wait for the end of a blocked read`() async throws {
        let server = try await RedisServer()
        try await withRedisPubSub(port: server.port, ["readTimeout": "10m"]) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(request("t"), log.handler())
            try await pubsub.publish("t", "m")
            try await log.wait(count: 1)
            // Would take ten minutes.
            await feed.close()
            try await eventually {
                guard !(try await server.cli("CLIENT", "LIST").joined().contains("cmd=xreadgroup")) else {
                    throw TestKitError("it still reads")
                }
            }
        }
    }

    // MARK: - Metadata

    @Test(
        arguments: [
            ([:], 15_000, 60_000), (["processingTimeout": "250", "redeliverInterval": "2s"], 250, 2_000),
            (["processingTimeout": "1m30s"], 90_000, 60_000), (["redeliverInterval": "0"], 15_000, nil),
            (["processingTimeout": "0s"], nil, 60_000),
        ] as [([String: String], Int?, Int?)])
    func `bare numbers are milliseconds and zero is off`(_ metadata: [String: String], _ processing: Int?, _ redeliver: Int?) throws {
        let settings = try RedisPubSubSettings(ComponentMetadata(metadata))
        #expect(settings.processingTimeout == processing.map { .milliseconds($0) })
        #expect(settings.redeliverInterval == redeliver.map { .milliseconds($0) })
    }

    @Test(arguments: [
        ("processingTimeout", "soon"), ("redeliverInterval", "-1s"), ("queueDepth", "0"), ("concurrency", "-1"), ("maxLenApprox", "x"),
        ("streamTTL", "often"),
    ])
    func `metadata that makes no sense is refused by name`(_ field: String, _ value: String) {
        let error = #expect(throws: MetadataError.self) { try RedisPubSubSettings(ComponentMetadata([field: value])) }
        #expect(error?.field == field)
    }
}

/// Keeps handlers of a test waiting until it is opened.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
