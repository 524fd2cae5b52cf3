import MechaCore
import MechaTestKit
import MechaWire
import NIOCore
import Synchronization
import Testing

@testable import MechaInMemory

@Suite struct InMemoryPubSubTests {
    private func profile(_ clock: ManualClock) -> PubSubProfile {
        var profile = PubSubProfile {
            let broker = InMemoryPubSub(clock: clock)
            try await broker.start()
            return broker
        }
        profile.letPass = { clock.advance(by: $0) }
        profile.isDurable = false
        profile.sharesGroupsAmongComponents = false
        return profile
    }

    @Test func `pubsub.in-memory keeps the contract`() async throws {
        for failure in await PubSubConformance(profile(ManualClock())).failures() { Issue.record(failure) }
    }

    @Test func `pubsub.in-memory keeps the contract for callers on an event loop`() async throws {
        let loops = EventLoops(count: 2)
        let clock = ManualClock()
        let failures = await withCheckedContinuation { continuation in
            let context = loops.contexts[0]
            context.loop.execute {
                context.run { continuation.resume(returning: await PubSubConformance(profile(clock)).failures()) }
            }
        }
        for failure in failures { Issue.record(failure) }
        await loops.shutdown()
    }

    private func broker(_ change: (inout InMemoryLimits) -> Void, _ clock: ManualClock = ManualClock()) async throws
        -> InMemoryPubSub
    {
        var limits = InMemoryLimits()
        change(&limits)
        let broker = InMemoryPubSub(limits, clock: clock)
        try await broker.start()
        return broker
    }

    private func message(_ text: String, _ metadata: [String: String] = [:]) -> OutgoingMessage {
        OutgoingMessage(topic: "t", data: ByteBuffer(string: text), metadata: metadata)
    }

    @Test func `a full queue refuses a publication for all groups, and takes it when there is room`() async throws {
        let broker = try await broker { $0.maximumQueuedMessages = 3 }
        let (slow, quick) = (PubSubInbox(), PubSubInbox())
        let feed = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "slow")) { await slow.take($0) }
        _ = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "quick")) { await quick.take($0) }
        await feed.pause()
        for index in 0..<3 { try await broker.publish(message("\(index)")) }
        let outcomes = try await broker.publish([message("3")])
        #expect((outcomes[0] as? CapabilityError)?.code == .resourceExhausted)
        #expect("\(outcomes[0].map { "\($0)" } ?? "")".contains("maxQueuedMessages"))
        await feed.resume()
        while slow.count < 3 { await Task.yield() }
        try await broker.publish(message("4"))
        while slow.count < 4 || quick.count < 4 { await Task.yield() }
        #expect(Set(quick.texts) == ["0", "1", "2", "4"])
        await broker.close()
    }

    @Test func `bytes are limited too, and expired messages make room`() async throws {
        let clock = ManualClock()
        let broker = try await broker({ $0.maximumQueuedBytes = 100 }, clock)
        let inbox = PubSubInbox()
        let feed = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g")) { await inbox.take($0) }
        await feed.pause()
        try await broker.publish(message(String(repeating: "x", count: 60), ["ttlInSeconds": "5"]))
        await #expect { try await broker.publish(message(String(repeating: "y", count: 60))) } throws: {
            ($0 as? CapabilityError)?.code == .resourceExhausted
        }
        clock.advance(by: .seconds(6))
        try await broker.publish(message(String(repeating: "z", count: 60)))
        await feed.resume()
        while inbox.count < 1 { await Task.yield() }
        #expect(inbox.texts == [String(repeating: "z", count: 60)])
        await broker.close()
    }

    @Test func `a group without consumers is given up after its retention`() async throws {
        let clock = ManualClock()
        let broker = try await broker({ $0.groupRetention = .seconds(10) }, clock)
        let request = SubscriptionRequest(topic: "t", consumerGroup: "g")
        await (try await broker.subscribe(request) { _ in .acknowledge }).close()
        try await broker.publish(message("lost"))
        while clock.sleeperCount == 0 { await Task.yield() }
        clock.advance(by: .seconds(11))
        let inbox = PubSubInbox()
        // The alarm's task runs some time after the clock has moved.
        var feed = try await broker.subscribe(SubscriptionRequest(topic: "other", consumerGroup: "g")) { _ in .acknowledge }
        try await Task.sleep(for: .milliseconds(50))
        feed = try await broker.subscribe(request) { await inbox.take($0) }
        try await broker.publish(message("kept"))
        while inbox.count < 1 { await Task.yield() }
        #expect(inbox.texts == ["kept"])
        await feed.close()
        await broker.close()
    }

    @Test func `a publication on an event loop runs the handler before it returns`() async throws {
        let loops = EventLoops(count: 1)
        let broker = try await broker { _ in }
        let threads = await withCheckedContinuation { (continuation: CheckedContinuation<[Bool], Never>) in
            let context = loops.contexts[0]
            context.loop.execute {
                context.run {
                    let seen = Mutex<[Bool]>([])
                    _ = try? await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g")) { _ in
                        seen.withLock { $0.append(LoopContext.current === context) }
                        return .acknowledge
                    }
                    try? await broker.publish(OutgoingMessage(topic: "t", data: ByteBuffer()))
                    continuation.resume(returning: seen.withLock { $0 })
                }
            }
        }
        #expect(threads == [true])
        await broker.close()
        await loops.shutdown()
    }
}
