import Logging
import MechaCore
import MechaTestKit
import Testing

@testable import MechaRedis

/// Redelivery fast enough for tests.
let briskRedelivery = ["processingTimeout": "100ms", "redeliverInterval": "40ms", "redisMaxRetryInterval": "20ms"]

/// Runs `body` with a started component, made as the runtime makes it: from metadata.
func withRedisPubSub<Result>(
    _ metadata: [String: String], _ body: (RedisPubSub) async throws -> Result
) async throws -> Result {
    let pubsub = try redisComponent(RedisPubSub.descriptor, metadata, as: RedisPubSub.self)
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

func withRedisPubSub<Result>(
    port: Int, _ metadata: [String: String] = [:], _ body: (RedisPubSub) async throws -> Result
) async throws -> Result {
    try await withRedisPubSub(
        ["redisHost": "127.0.0.1:\(port)"].merging(briskRedelivery) { $1 }.merging(metadata) { $1 }, body)
}

func redisComponent<Kind>(_ descriptor: ComponentDescriptor, _ metadata: [String: String], as kind: Kind.Type) throws -> Kind {
    let environment = ComponentEnvironment(
        name: "redis", eventLoopGroup: RedisTestLoops.shared.group,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), dataDirectory: "/nonexistent", appID: "app")
    return try #require(try descriptor.make(ComponentMetadata(metadata), environment) as? Kind)
}
