import MechaCore
import MechaTestKit
import Testing

@testable import MechaMQTT

@Suite struct MQTTConformanceTests {
    @Test(arguments: MQTTPubSubTests.versions, [1, 2]) func `pubsub.mqtt3 keeps the contract`(_ version: String, _ qos: Int) async throws {
        let server = try await MosquittoServer(options: ["allow_anonymous true", "max_queued_messages 0"])
        let metadata = ComponentMetadata(["url": "tcp://127.0.0.1:\(server.port)", "protocolVersion": version, "qos": "\(qos)"])
        var profile = PubSubProfile {
            let component = try MQTTPubSub.descriptor.make(metadata, BrokerTestLoops.environment("pubsub"))
            try await component.start()
            return try #require(component as? any PubSub)
        }
        // A group is a client id, which one connection can have.
        profile.sharesGroupsAmongComponents = false
        profile.carriesContentType = version == "5"
        profile.carriesMetadata = version == "5"
        profile.takesAnyTopic = false
        profile.topic = { $0.joined(separator: "/") }
        profile.pattern = { ($0 + ["+"]).joined(separator: "/") }
        for failure in await PubSubConformance(profile).failures() { Issue.record(failure) }
    }
}
