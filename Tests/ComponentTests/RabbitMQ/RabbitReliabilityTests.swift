import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaRabbitMQ

@Suite(.serialized) struct RabbitReliabilityTests {
    /// Publishes numbered messages, each until it is confirmed.
    private func publishAll(_ pubsub: any PubSub, _ count: Int, topic: String) async throws -> Set<String> {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                if index >= 8 { _ = try await group.next() }
                group.addTask { try await eventually(within: .seconds(240)) { try await pubsub.publish(topic, "m\(index)") } }
            }
            try await group.waitForAll()
        }
        return Set((0..<count).map { "m\($0)" })
    }

    @Test func `connections cut at any byte lose nothing`() async throws {
        let server = try await RabbitMQServer.shared()
        let proxy = try await FaultProxy(to: server.port)
        try await withRabbit(proxy.port, durableRabbit.merging(["publishTimeout": "5s"]) { $1 }) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let feed = try await pubsub.collect(topic, into: received)
            let cuts = Task {
                var generator = SeededGenerator(seed: 11)
                while !Task.isCancelled {
                    await proxy.cut(
                        after: Int.random(in: 1...3000, using: &generator), Bool.random(using: &generator) ? .toClient : .toServer)
                    try? await Task.sleep(for: .milliseconds(150))
                }
            }
            var all: Set<String> = []
            while await proxy.acceptedCount < 10 {
                all.formUnion(try await publishAll(pubsub, all.count + 60, topic: topic))
            }
            cuts.cancel()
            _ = await cuts.value
            try await received.wait(for: all, within: .seconds(60))
            await feed.close()
        }
    }

    @Test func `a server that says nothing more is found out`() async throws {
        let server = try await RabbitMQServer.shared()
        let proxy = try await FaultProxy(to: server.port)
        try await withRabbit(proxy.port, durableRabbit.merging(["heartBeat": "1s", "publishTimeout": "500ms"]) { $1 }) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let feed = try await pubsub.collect(topic, into: received)
            let before = await proxy.acceptedCount
            await proxy.stall(true)
            let error = await #expect(throws: CapabilityError.self) { try await pubsub.publish(topic, "x") }
            #expect(error?.code == .timeout)
            try await eventually { if await proxy.acceptedCount == before { throw TestKitError("not found out yet") } }
            await proxy.stall(false)
            await proxy.delay(.milliseconds(20))
            let all = try await publishAll(pubsub, 50, topic: topic)
            try await received.wait(for: all)
            await feed.close()
        }
    }

    @Test func `a queue and an exchange that vanish are declared anew`() async throws {
        let server = try await RabbitMQServer.shared()
        try await withRabbit(server.port, ["redeliverInterval": "10ms"]) { pubsub in
            let topic = freshName("t")
            let received = Received()
            // Both go with the last consumer, while the publisher believes the exchange to be there.
            for text in ["one", "two"] {
                let feed = try await pubsub.collect(topic, into: received)
                try await pubsub.publish(topic, text)
                try await received.wait(for: [text])
                await feed.close()
                try await pubsub.publish(topic, "nobody wants this")
            }
        }
    }

    @Test func `a server killed and restarted under load loses nothing confirmed`() async throws {
        let directory = try TemporaryDirectory()
        let port = try LoopbackPort.free()
        var server = try await RabbitMQServer(port: port, directory: directory.path)
        try await withRabbit(port) { pubsub in
            let topic = freshName("t")
            let received = Received()
            let feed = try await pubsub.collect(topic, into: received) { _ in
                try? await Task.sleep(for: .milliseconds(2))
                return .acknowledge
            }
            // RabbitMQ confirms messages when they are on disk, but writes down what was declared up to two seconds later:
            // killed before, it would not know the queue, and drop what is published until the feed has declared it again.
            try await Task.sleep(for: .seconds(4))
            // By default nothing is durable: exchange and queue are gone with the server. Both sides declare them again.
            try await withRabbit(port, ["redeliverInterval": "20ms", "publishTimeout": "5s"]) { fleeting in
                let other = freshName("t")
                let (before, after) = (Received(), Received())
                let old = try await fleeting.collect(other, into: before)
                try await fleeting.publish(other, "before")
                try await before.wait(for: ["before"])
                let alone = freshName("t")
                try await fleeting.publish(alone, "the exchange is declared")

                let publishing = Task { try await publishAll(pubsub, 600, topic: topic) }
                try await received.wait { $0.texts.count > 50 }
                server.process.killNow()
                server = try await RabbitMQServer(port: port, directory: directory.path)
                let all = try await publishing.value
                try await received.wait(for: all, within: .seconds(60))
                await feed.close()
                #expect(pubsub.status.phase == .ready)

                // Without the exchange the server would close the channel, and the message would fail.
                try await eventually(within: .seconds(30)) { try await fleeting.publish(alone, "again") }
                for _ in 0..<3 { try await fleeting.publish(alone, "and again") }
                // What comes before the queue is declared again reaches nobody: not even a durable exchange would keep it.
                try await eventually(within: .seconds(30)) {
                    try await fleeting.publish(other, "after")
                    try await before.wait(for: ["after"], within: .milliseconds(200))
                }
                await old.close()
                let new = try await fleeting.collect(other, into: after)
                try await fleeting.publish(other, "in the end")
                try await after.wait(for: ["in the end"])
                await new.close()
            }
        }
        withExtendedLifetime(server) {}
    }
}
