import MechaCore
import MechaTestKit
import Testing

@testable import MechaRabbitMQ

@Suite struct RabbitConformanceTests {
    @Test func `pubsub.rabbitmq keeps the contract`() async throws {
        let server = try await RabbitMQServer.shared()
        let metadata = ComponentMetadata(durableRabbit.merging(["connectionString": "amqp://127.0.0.1:\(server.port)"]) { $1 })
        var profile = PubSubProfile {
            let component = try RabbitPubSub.descriptor.make(metadata, BrokerTestLoops.environment("pubsub"))
            try await component.start()
            return try #require(component as? any PubSub)
        }
        // Classic queues say that a message was there before, not how often.
        profile.countsAttempts = false
        for failure in await PubSubConformance(profile).failures() { Issue.record(failure) }
    }
}
