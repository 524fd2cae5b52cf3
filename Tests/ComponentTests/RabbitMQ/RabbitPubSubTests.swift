import MechaCore
import MechaTestKit
import NIOCore
import Synchronization
import Testing

@testable import MechaRabbitMQ

/// Metadata for queues that lose nothing.
let durableRabbit = ["durable": "true", "deletedWhenUnused": "false", "deliveryMode": "2", "redeliverInterval": "20ms"]

func withRabbit<Result>(_ port: Int, _ metadata: [String: String] = durableRabbit, _ body: (any PubSub) async throws -> Result) async throws
    -> Result
{
    try await withPubSub(
        RabbitPubSub.descriptor, ["connectionString": "amqp://guest:guest@127.0.0.1:\(port)/"].merging(metadata) { $1 }, body)
}

/// A name that no other test has.
func freshName(_ stem: String) -> String { "\(stem)-\(RandomID.uuid().prefix(8))" }

@Suite(.serialized) struct RabbitPubSubTests {
    @Test func `messages go through in order, large and empty ones too`() async throws {
        let server = try await RabbitMQServer.shared()
        try await withRabbit(server.port) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let feed = try await pubsub.collect(topic, into: received)
            let texts = (0..<200).map { "m\($0)" } + ["", String(repeating: "x", count: 400_000)]
            for text in texts { try await pubsub.publish(topic, text) }
            try await received.wait(for: Set(texts))
            await feed.close()
            let messages = await received.messages
            #expect(messages.map { String(buffer: $0.data) } == texts)
            #expect(messages.allSatisfy { $0.topic == topic && $0.attempt == nil && $0.contentType == "application/cloudevents+json" })
            #expect(pubsub.status.phase == .ready)
        }
    }

    @Test func `groups get everything, subscribers of a group share`() async throws {
        let server = try await RabbitMQServer.shared()
        try await withRabbit(server.port) { pubsub in
            let topic = freshName("t")
            let received = [Received(), Received(), Received()]
            let feeds = [
                try await pubsub.collect(topic, group: "a", inFlight: 2, into: received[0]),
                try await pubsub.collect(topic, group: "a", inFlight: 2, into: received[1]),
                try await pubsub.collect(topic, group: "b", into: received[2]),
            ]
            let all = Set((0..<60).map { "m\($0)" })
            let outcomes = try await pubsub.publish(all.map { OutgoingMessage(topic: topic, data: ByteBuffer(string: $0)) })
            #expect(outcomes.allSatisfy { $0 == nil })
            try await received[2].wait(for: all)
            try await eventually {
                guard await received[0].messages.count + received[1].messages.count == 60 else { throw TestKitError("not all yet") }
            }
            for feed in feeds { await feed.close() }
            let (first, second) = (await received[0].distinct, await received[1].distinct)
            #expect(first.union(second) == all && first.isDisjoint(with: second) && !first.isEmpty && !second.isEmpty)
        }
    }

    @Test func `messages wait for a group that is away, and unacknowledged ones come back`() async throws {
        let server = try await RabbitMQServer.shared()
        let topic = freshName("t")
        try await withRabbit(server.port) { pubsub in
            let first = Received()
            let feed = try await pubsub.collect(topic, into: first) { _ in .redeliver }
            try await pubsub.publish(topic, "unacknowledged")
            try await first.wait { ($0.texts["unacknowledged"] ?? 0) >= 3 }
            await feed.close()
            try await pubsub.publish(topic, "meanwhile")
        }
        try await withRabbit(server.port) { pubsub in
            let second = Received()
            let feed = try await pubsub.collect(topic, into: second)
            try await second.wait(for: ["unacknowledged", "meanwhile"])
            await feed.close()
        }
    }

    @Test func `a quorum queue counts`() async throws {
        let server = try await RabbitMQServer.shared()
        try await withRabbit(server.port) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let feed = try await pubsub.collect(topic, metadata: ["queueType": "quorum"], into: received) {
                ($0.attempt ?? 0) < 3 ? .redeliver : .acknowledge
            }
            let all = Set((0..<5).map { "m\($0)" })
            for text in all { try await pubsub.publish(topic, text) }
            try await received.wait { $0.messages.count >= 15 }
            await feed.close()
            for text in all {
                #expect(await received.messages.filter { String(buffer: $0.data) == text }.map(\.attempt) == [1, 2, 3])
            }
        }
    }

    @Test func `one in flight keeps the order over redeliveries`() async throws {
        let server = try await RabbitMQServer.shared()
        try await withRabbit(server.port) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let refused = Mutex<Set<String>>([])
            let feed = try await pubsub.collect(topic, inFlight: 1, into: received) { message in
                refused.withLock { $0.insert(String(buffer: message.data)).inserted } ? .redeliver : .acknowledge
            }
            for index in 0..<10 { try await pubsub.publish(topic, "m\(index)") }
            try await received.wait { $0.messages.count >= 20 }
            await feed.close()
            #expect(await received.messages.map { String(buffer: $0.data) } == (0..<10).flatMap { ["m\($0)", "m\($0)"] })
        }
    }

    @Test func `dead letters go to the dead letter queue`() async throws {
        let server = try await RabbitMQServer.shared()
        let topic = freshName("t")
        try await withRabbit(server.port, durableRabbit.merging(["enableDeadLetter": "true"]) { $1 }) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect(topic, into: received) { String(buffer: $0.data) == "poison" ? .redeliver : .acknowledge }
            try await pubsub.publish(topic, "poison")
            try await pubsub.publish(topic, "good")
            try await received.wait(for: ["poison", "good"])
            await feed.close()
            #expect(await received.texts["poison"] == 1)
        }
        // The dead letter exchange is a topic of its own, so to speak; its queue is read through the binding.
        let host = "amqp://guest:guest@127.0.0.1:\(server.port)"
        let descriptor = RabbitBinding.descriptor
        let metadata = ComponentMetadata(["host": host, "queueName": "dlq-group-\(topic)", "durable": "true"])
        let binding = try #require(try descriptor.make(metadata, BrokerTestLoops.environment("b")) as? RabbitBinding)
        // Its arguments are not the binding's: the server says so.
        let error = await #expect(throws: CapabilityError.self) { _ = try await binding.read { _ in .acknowledge(nil) } }
        #expect(error?.code == .misconfigured && error?.message.contains("x-queue-mode") == true)
        await binding.close()
    }

    @Test func `routing keys, metadata, priority and time to live`() async throws {
        let server = try await RabbitMQServer.shared()
        try await withRabbit(
            server.port, durableRabbit.merging(["exchangeKind": "topic", "publishMessagePropertiesToMetadata": "true"]) { $1 }
        ) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let subscription = ["routingKey": "red.*,blue", "maxPriority": "10"]
            let feed = try await pubsub.collect(topic, metadata: subscription, inFlight: 1, into: received)
            try await pubsub.publish(topic, "other", ["routingKey": "green"])
            try await pubsub.publish(topic, "one", ["routingKey": "red.light", "messageId": "17", "tenant": "a"])
            try await received.wait(for: ["one"])
            let message = try #require(await received.messages.first)
            #expect(message.metadata == ["messageid": "17", "contenttype": "application/cloudevents+json", "tenant": "a"])
            await feed.close()
            try await pubsub.publish(topic, "expires", ["routingKey": "blue", "ttlInSeconds": "1"])
            try await pubsub.publish(topic, "low", ["routingKey": "blue", "priority": "1"])
            try await pubsub.publish(topic, "high", ["routingKey": "blue", "priority": "9"])
            try await Task.sleep(for: .milliseconds(1500))
            let again = try await pubsub.collect(topic, metadata: subscription, inFlight: 1, into: received)
            try await received.wait(for: ["high", "low"])
            await again.close()
            #expect(await received.messages.map { String(buffer: $0.data) } == ["one", "high", "low"])
        }
    }

    @Test func `autoAck and single concurrency`() async throws {
        let server = try await RabbitMQServer.shared()
        try await withRabbit(server.port, durableRabbit.merging(["autoAck": "true", "concurrency": "single"]) { $1 }) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let feed = try await pubsub.collect(topic, into: received) { _ in .redeliver }
            for index in 0..<10 { try await pubsub.publish(topic, "m\(index)") }
            try await received.wait { $0.messages.count == 10 }
            await feed.close()
            #expect(await received.messages.map { String(buffer: $0.data) } == (0..<10).map { "m\($0)" })
        }
    }

    @Test func `a paused feed hands nothing over, and a closed one waits for its handlers`() async throws {
        let server = try await RabbitMQServer.shared()
        try await withRabbit(server.port) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let feed = try await pubsub.collect(topic, into: received) { _ in
                try? await Task.sleep(for: .milliseconds(100))
                return .acknowledge
            }
            await feed.pause()
            for index in 0..<5 { try await pubsub.publish(topic, "m\(index)") }
            try await Task.sleep(for: .milliseconds(100))
            #expect(await received.messages.isEmpty)
            await feed.resume()
            try await received.wait { $0.messages.count == 5 }
            await feed.close()
            let next = Received()
            let other = try await pubsub.collect(topic, into: next)
            try await pubsub.publish(topic, "end")
            try await next.wait(for: ["end"])
            await other.close()
            #expect(await next.distinct == ["end"])
        }
    }

    @Test func `what the server refuses is told, and costs nobody else`() async throws {
        let server = try await RabbitMQServer.shared()
        let topic = freshName("t")
        try await withRabbit(server.port) { pubsub in
            try await pubsub.publish(topic, "x")
            try await withRabbit(server.port, durableRabbit.merging(["exchangeKind": "topic"]) { $1 }) { other in
                var error = await #expect(throws: CapabilityError.self) { try await other.publish(topic, "x") }
                #expect(error?.code == .misconfigured && error?.message.contains("406") == true, "\(error?.message ?? "")")
                error = await #expect(throws: CapabilityError.self) { _ = try await other.collect(topic, into: Received()) }
                #expect(error?.code == .misconfigured)
                let received = Received()
                let fine = freshName("fine")
                let feed = try await other.collect(fine, metadata: ["routingKey": "#"], into: received)
                try await other.publish(fine, "x")
                try await received.wait(for: ["x"])
                await feed.close()
            }
        }
        try await withRabbit(server.port, ["connectionString": "amqp://guest:wrong@127.0.0.1:\(server.port)/"]) { pubsub in
            let error = await #expect(throws: CapabilityError.self) { try await pubsub.publish(topic, "x") }
            #expect(
                error?.code == .unavailable && error?.message.contains("403") == true && error?.message.contains("wrong") == false,
                "\(error?.message ?? "")")
        }
    }

    @Test func `the binding writes to a queue and reads from it`() async throws {
        let server = try await RabbitMQServer.shared()
        let queue = freshName("q")
        let metadata = ComponentMetadata([
            "host": "amqp://guest:guest@127.0.0.1:\(server.port)", "queueName": queue, "durable": "true", "contentType": "application/json",
            "ttl": "1m",
            "maxPriority": "5", "prefetchCount": "3", "redeliverInterval": "10ms",
        ])
        let binding = try #require(try RabbitBinding.descriptor.make(metadata, BrokerTestLoops.environment("b")) as? RabbitBinding)
        try await binding.start()
        let answer = try await binding.invoke(
            BindingRequest(operation: "create", data: ByteBuffer(string: "one"), metadata: ["tenant": "a b"]))
        #expect(answer.data == nil)
        let received = Received()
        let feed = try await binding.read { event in
            await received.add(IncomingMessage(topic: "", data: event.data, contentType: event.contentType, metadata: event.metadata))
            return await received.texts["one"] == 1 ? .redeliver : .acknowledge(nil)
        }
        try await received.wait { $0.texts["one"] == 2 }
        await feed.close()
        let message = try #require(await received.messages.first)
        #expect(message.contentType == "application/json" && message.metadata["tenant"] == "a b")
        let error = await #expect(throws: CapabilityError.self) { _ = try await binding.invoke(BindingRequest(operation: "get")) }
        #expect(error?.code == .unsupported)
        await binding.close()
    }
}
