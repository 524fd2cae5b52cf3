import Logging
import MechaCore
import MechaTestKit
import MechaWire
import Testing

@testable import MechaNATS

/// The event loops of all NATS tests.
let natsLoops = EventLoops(count: 2)

/// Redelivery and streams as tests like them.
let jetStreamDefaults = ["autoCreateStream": "true", "concurrency": "parallel"]

func makeJetStream(_ metadata: [String: String]) throws -> JetStreamPubSub {
    let environment = ComponentEnvironment(
        name: "pubsub", eventLoopGroup: natsLoops.group, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        dataDirectory: "/nonexistent", appID: "app")
    return try #require(try JetStreamPubSub.descriptor.make(ComponentMetadata(metadata), environment) as? JetStreamPubSub)
}

/// Runs `body` with a started component, made as the runtime makes it: from metadata.
func withJetStream<Result>(
    _ url: String, _ metadata: [String: String] = [:], _ body: (JetStreamPubSub) async throws -> Result
) async throws -> Result {
    let pubsub = try makeJetStream(["natsURL": url].merging(jetStreamDefaults) { $1 }.merging(metadata) { $1 })
    try await pubsub.start()
    do {
        let result = try await body(pubsub)
        await pubsub.close()
        return result
    } catch {
        await pubsub.close()
        throw error
    }
}

func withJetStream<Result>(
    _ server: NATSServer, _ metadata: [String: String] = [:], _ body: (JetStreamPubSub) async throws -> Result
) async throws -> Result {
    try await withJetStream("nats://127.0.0.1:\(server.port)", metadata, body)
}
