import MechaCore
import MechaTestKit
import NIOCore
import Synchronization

/// What a subscription of a test was given.
final class MessageLog: Sendable {
    private let entries = Mutex<[IncomingMessage]>([])

    var messages: [IncomingMessage] { entries.withLock { $0 } }
    var texts: [String] { messages.map { String(buffer: $0.data) } }

    func append(_ message: IncomingMessage) { entries.withLock { $0.append(message) } }

    /// A handler that notes every message and answers as `outcome` says.
    func handler(_ outcome: @escaping @Sendable (IncomingMessage) async -> MessageOutcome = { _ in .acknowledge }) -> MessageHandler {
        { message in
            self.append(message)
            return await outcome(message)
        }
    }

    /// Waits until `condition` holds for the texts.
    func wait(
        _ what: String, within limit: Duration = .seconds(20), until condition: ([String]) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while !condition(texts) {
            guard ContinuousClock.now < deadline else { throw TestKitError("not within \(limit): \(what); received \(texts.suffix(20))") }
            try await Task.sleep(for: .milliseconds(3))
        }
    }

    func wait(count: Int) async throws { try await wait("\(count) messages") { $0.count >= count } }
}

extension PubSub {
    func publish(_ topic: String, _ text: String, _ metadata: [String: String] = [:]) async throws {
        try await publish(OutgoingMessage(topic: topic, data: ByteBuffer(string: text), metadata: metadata))
    }
}

/// Publishes numbered messages without end, through every failure, and notes which were confirmed.
final class PublisherUnderLoad: Sendable {
    private let state = Mutex((next: 0, confirmed: [String](), isStopped: false))

    var confirmed: [String] { state.withLock { $0.confirmed } }
    func stop() { state.withLock { $0.isStopped = true } }

    func run(_ pubsub: any PubSub, _ topic: String) async throws {
        while true {
            let number: Int? = state.withLock { state in
                if state.isStopped { return nil }
                state.next += 1
                return state.next
            }
            guard let number else { return }
            do {
                try await pubsub.publish(topic, "m\(number)")
                state.withLock { $0.confirmed.append("m\(number)") }
            } catch {
                try await Task.sleep(for: .milliseconds(3))
            }
        }
    }

    /// Waits until so many further messages are confirmed.
    func advance(by count: Int = 50) async throws {
        let start = confirmed.count
        let deadline = ContinuousClock.now + .seconds(30)
        while confirmed.count < start + count {
            guard ContinuousClock.now < deadline else { throw TestKitError("publishing stands still after \(start) messages") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// Publishes under load while `fault` does its worst, and checks that each confirmed message arrives.
func expectNothingLost(
    _ pubsub: any PubSub, topic: String, group: String = "group", publishers: Int = 4,
    during fault: (PublisherUnderLoad) async throws -> Void
) async throws -> MessageLog {
    let log = MessageLog()
    let feed = try await pubsub.subscribe(SubscriptionRequest(topic: topic, consumerGroup: group), log.handler())
    let load = PublisherUnderLoad()
    do {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<publishers { tasks.addTask { try await load.run(pubsub, topic) } }
            defer { load.stop() }
            try await fault(load)
            load.stop()
            try await tasks.waitForAll()
        }
        let confirmed = Set(load.confirmed)
        try await log.wait("all \(confirmed.count) confirmed messages") { confirmed.isSubset(of: $0) }
    } catch {
        load.stop()
        await feed.close()
        throw error
    }
    await feed.close()
    return log
}
