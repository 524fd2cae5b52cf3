import Logging
import MechaCore
import MechaTestKit
import MechaWire
import NIOCore
import NIOPosix
import Testing

@testable import MechaMQTT

/// The event loops of all tests of brokers.
enum BrokerTestLoops {
    static let shared = EventLoops(count: 2)

    static func environment(_ name: String, appID: String = "app") -> ComponentEnvironment {
        ComponentEnvironment(
            name: name, eventLoopGroup: shared.group, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            dataDirectory: "/tmp", appID: appID)
    }
}

/// What a subscriber of a test has got.
actor Received {
    private(set) var messages: [IncomingMessage] = []
    private(set) var texts: [String: Int] = [:]

    func add(_ message: IncomingMessage) {
        messages.append(message)
        texts[String(buffer: message.data), default: 0] += 1
    }

    var distinct: Set<String> { Set(texts.keys) }

    /// Waits until `condition` holds; throws after `limit`.
    func wait(
        _ what: String = "messages", within limit: Duration = .seconds(30), _ condition: @Sendable (isolated Received) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while !condition(self) {
            guard ContinuousClock.now < deadline else { throw TestKitError("no \(what) within \(limit): got \(texts.count) different") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func wait(for expected: Set<String>, within limit: Duration = .seconds(30)) async throws {
        try await wait("all of \(expected.count) messages", within: limit) { expected.isSubset(of: $0.texts.keys) }
    }
}

/// Runs `body` with a started component, made as the runtime makes it: from metadata.
func withPubSub<Result>(
    _ descriptor: ComponentDescriptor, _ metadata: [String: String], appID: String = "app", _ body: (any PubSub) async throws -> Result
) async throws -> Result {
    _ = try ComponentMetadata(metadata).validate(against: descriptor.fields)
    let component = try descriptor.make(ComponentMetadata(metadata), BrokerTestLoops.environment("pubsub", appID: appID))
    let pubsub = try #require(component as? any PubSub)
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

func withMQTT<Result>(
    _ port: Int, _ metadata: [String: String] = [:], appID: String = "app", _ body: (any PubSub) async throws -> Result
) async throws -> Result {
    try await withPubSub(MQTTPubSub.descriptor, ["url": "tcp://127.0.0.1:\(port)"].merging(metadata) { $1 }, appID: appID, body)
}

extension PubSub {
    /// Subscribes and keeps all that comes.
    func collect(
        _ topic: String, group: String = "group", metadata: [String: String] = [:], inFlight: Int = 100, into received: Received,
        _ outcome: @escaping @Sendable (IncomingMessage) async -> MessageOutcome = { _ in .acknowledge }
    ) async throws -> any MessageFeed {
        let request = SubscriptionRequest(topic: topic, consumerGroup: group, metadata: metadata, maximumInFlight: inFlight)
        return try await subscribe(request) { message in
            await received.add(message)
            return await outcome(message)
        }
    }
}
