import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaMQTT

@Suite struct MQTTReliabilityTests {
    /// Publishes numbered messages until told to stop, each until it is confirmed.
    private func publishAll(_ pubsub: any PubSub, _ count: Int, topic: String = "t") async throws -> Set<String> {
        try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<count {
                if index >= 8 { _ = try await group.next() }
                group.addTask {
                    try await eventually(within: .seconds(40)) { try await pubsub.publish(topic, "m\(index)") }
                    return "m\(index)"
                }
            }
            try await group.waitForAll()
        }
        return Set((0..<count).map { "m\($0)" })
    }

    @Test(arguments: MQTTPubSubTests.versions) func `connections cut at any byte lose nothing`(_ version: String) async throws {
        let server = try await MosquittoServer()
        let proxy = try await FaultProxy(to: server.port)
        try await withMQTT(proxy.port, ["protocolVersion": version, "publishTimeout": "5s"]) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect("t", into: received)
            let cuts = Task {
                var generator = SeededGenerator(seed: 7)
                while !Task.isCancelled {
                    await proxy.cut(
                        after: Int.random(in: 1...400, using: &generator), Bool.random(using: &generator) ? .toClient : .toServer)
                    try? await Task.sleep(for: .milliseconds(60))
                }
            }
            var all: Set<String> = []
            while await proxy.acceptedCount < 8 {
                all.formUnion(try await publishAll(pubsub, all.count + 40))
            }
            cuts.cancel()
            _ = await cuts.value
            try await received.wait(for: all)
            await feed.close()
        }
    }

    @Test func `a broker that restarts under load loses nothing, and the component comes back by itself`() async throws {
        let directory = try TemporaryDirectory()
        let port = try LoopbackPort.free()
        var server = try await MosquittoServer(port: port, directory: directory.path)
        try await withMQTT(port) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect("t", into: received) { _ in
                try? await Task.sleep(for: .milliseconds(2))
                return .acknowledge
            }
            let publishing = Task { try await publishAll(pubsub, 1500) }
            for _ in 0..<2 {
                try await received.wait { [count = await received.distinct.count] in $0.texts.count > count + 50 }
                server.stop()
                try await Task.sleep(for: .milliseconds(100))
                server = try await MosquittoServer(port: port, directory: directory.path)
            }
            let all = try await publishing.value
            try await received.wait(for: all, within: .seconds(60))
            await feed.close()
            #expect(pubsub.status.phase == .ready)
        }
    }

    @Test func `a feed begun while the broker is away starts when it comes`() async throws {
        let port = try LoopbackPort.free()
        try await withMQTT(port) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect("t", into: received)
            let error = await #expect(throws: CapabilityError.self) { try await pubsub.publish("t", "x") }
            #expect(error?.code == .unavailable)
            let server = try await MosquittoServer(port: port)
            try await eventually {
                try await pubsub.publish("t", "x")
                try await received.wait(for: ["x"], within: .milliseconds(200))
            }
            await feed.close()
            withExtendedLifetime(server) {}
        }
    }

    @Test func `a broker that says nothing more is found out`() async throws {
        let server = try await MosquittoServer()
        let proxy = try await FaultProxy(to: server.port)
        try await withMQTT(proxy.port, ["keepAlive": "1s", "publishTimeout": "500ms"]) { pubsub in
            let received = Received()
            let feed = try await pubsub.collect("t", into: received)
            await proxy.stall(true)
            let error = await #expect(throws: CapabilityError.self) { try await pubsub.publish("t", "x") }
            #expect(error?.code == .timeout)
            await proxy.stall(false)
            await proxy.delay(.milliseconds(30))
            let all = try await publishAll(pubsub, 50)
            try await received.wait(for: all)
            await feed.close()
        }
    }

    @Test func `messages with handlers stay theirs when the connection is cut`() async throws {
        let server = try await MosquittoServer()
        let proxy = try await FaultProxy(to: server.port)
        try await withMQTT(proxy.port) { pubsub in
            let received = Received()
            let gate = AsyncStream<Void>.makeStream()
            let feed = try await pubsub.collect("t", into: received) { message in
                if String(buffer: message.data) == "slow" { for await _ in gate.stream { break } }
                return .acknowledge
            }
            try await pubsub.publish("t", "slow")
            try await received.wait(for: ["slow"])
            await proxy.cut()
            // The broker keeps the order: when this one is there, the first has come for the second time.
            try await eventually { try await pubsub.publish("t", "behind") }
            try await received.wait(for: ["behind"])
            gate.continuation.finish()
            await feed.close()
            // Handed over once, and done with at the broker.
            #expect(await received.texts["slow"] == 1)
            let next = Received()
            let again = try await pubsub.collect("t", into: next)
            try await pubsub.publish("t", "end")
            try await next.wait(for: ["end"])
            await again.close()
            #expect(await next.distinct == ["end"])
        }
    }

    @Test func `more than is held is fetched in turns`() async throws {
        let server = try await MosquittoServer(options: ["allow_anonymous true", "max_inflight_messages 0", "max_queued_messages 0"])
        let descriptor = MQTTPubSub.descriptor
        let metadata = ComponentMetadata(["url": "tcp://127.0.0.1:\(server.port)"])
        var configuration = try MQTTMetadata.configuration(metadata, appID: "app")
        configuration.limits.messagesHeld = 20
        let pubsub = MQTTPubSub(configuration: configuration, environment: BrokerTestLoops.environment(descriptor.type))
        try await pubsub.start()
        let received = Received()
        let feed = try await pubsub.collect("t", inFlight: 4, into: received)
        await feed.pause()
        let all = try await publishAll(pubsub, 300)
        await feed.resume()
        try await received.wait(for: all)
        await feed.close()
        await pubsub.close()
    }
}
