import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaMQTT

@Suite struct MQTTBindingTests {
    private func binding(_ port: Int, _ metadata: [String: String]) throws -> MQTTBinding {
        let all = ComponentMetadata(["url": "tcp://127.0.0.1:\(port)", "consumerID": "device"].merging(metadata) { $1 })
        _ = try all.validate(against: MQTTBinding.descriptor.fields)
        return try #require(try MQTTBinding.descriptor.make(all, BrokerTestLoops.environment("binding")) as? MQTTBinding)
    }

    @Test(arguments: MQTTPubSubTests.versions) func `messages go out and come in`(_ version: String) async throws {
        let server = try await MosquittoServer()
        let binding = try binding(server.port, ["topic": "in/#", "protocolVersion": version, "redeliverInterval": "10ms"])
        try await binding.start()
        let received = Received()
        let feed = try await binding.read { event in
            await received.add(
                IncomingMessage(
                    topic: event.metadata["topic"] ?? "", data: event.data, contentType: event.contentType, metadata: event.metadata))
            return await received.texts["again"] == 1 ? .redeliver : .acknowledge(nil)
        }
        for text in ["one", "again"] {
            _ = try await binding.invoke(
                BindingRequest(
                    operation: "create", data: ByteBuffer(string: text),
                    metadata: ["topic": "in/\(text)", "contentType": "text/plain", "tenant": "a"]))
        }
        try await received.wait { $0.texts == ["one": 1, "again": 2] }
        await feed.close()
        let first = try #require(await received.messages.first)
        #expect(first.topic == "in/one")
        #expect(first.contentType == (version == "5" ? "text/plain" : nil))
        #expect(first.metadata["tenant"] == (version == "5" ? "a" : nil))
        // The topic of the component is a pattern, to which nothing can be published.
        var error = await #expect(throws: CapabilityError.self) { _ = try await binding.invoke(BindingRequest(operation: "create")) }
        #expect(error?.code == .invalidArgument)
        error = await #expect(throws: CapabilityError.self) { _ = try await binding.invoke(BindingRequest(operation: "get")) }
        #expect(error?.code == .unsupported)
        await binding.close()
        #expect(binding.status.phase == .closed)
    }

    @Test func `a message that nobody takes is left with the broker`() async throws {
        let server = try await MosquittoServer()
        let metadata = ["topic": "t", "backOffMaxRetries": "2", "redeliverInterval": "5ms"]
        let first = try binding(server.port, metadata)
        try await first.start()
        let received = Received()
        var feed = try await first.read { event in
            await received.add(IncomingMessage(topic: "t", data: event.data))
            return .redeliver
        }
        _ = try await first.invoke(BindingRequest(operation: "create", data: ByteBuffer(string: "x")))
        try await received.wait { $0.texts["x"] == 3 }
        try await Task.sleep(for: .milliseconds(100))
        #expect(await received.texts["x"] == 3)
        await feed.close()
        await first.close()
        let second = try binding(server.port, metadata)
        let again = Received()
        feed = try await second.read { event in
            await again.add(IncomingMessage(topic: "t", data: event.data))
            return .acknowledge(nil)
        }
        try await again.wait(for: ["x"])
        await feed.close()
        await second.close()
    }

    @Test(arguments: [[:], ["topic": "a#"], ["topic": "t", "backOffMaxRetries": "-2"]]) func `bad metadata name the field`(
        _ metadata: [String: String]
    ) {
        #expect(throws: MetadataError.self) { try binding(1, metadata) }
    }
}
