import Glibc
import MechaCore
import MechaTestKit
import MechaWire
import NIOCore
import Synchronization
import Testing

@testable import MechaSQLite

@Suite struct SQLitePubSubTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.file("pubsub.db") }

    private func make(_ metadata: [String: String] = [:], clock: any MechaClock = SystemClock()) async throws -> SQLitePubSub {
        let broker = try SQLitePubSub(
            metadata: ComponentMetadata(metadata.merging(["connectionString": path]) { given, _ in given }),
            environment: environment(directory, name: "pubsub", clock: clock))
        try await broker.start()
        return broker
    }

    private func profile(_ metadata: [String: String] = [:]) -> PubSubProfile {
        let clock = ManualClock()
        var profile = PubSubProfile { try await make(metadata, clock: clock) }
        profile.letPass = { clock.advance(by: $0) }
        profile.keepsForFutureGroups = true
        return profile
    }

    @Test func `pubsub.sqlite keeps the contract`() async {
        for failure in await PubSubConformance(profile()).failures() { Issue.record(failure) }
    }

    @Test func `pubsub.sqlite in memory keeps the contract`() async {
        var profile = profile(["connectionString": ":memory:"])
        profile.isDurable = false
        profile.sharesGroupsAmongComponents = false
        for failure in await PubSubConformance(profile).failures() { Issue.record(failure) }
    }

    @Test func `pubsub.sqlite keeps the contract for callers on an event loop`() async throws {
        let loops = EventLoops(count: 2)
        let suite = PubSubConformance(profile())
        let failures = await withCheckedContinuation { continuation in
            let context = loops.contexts[0]
            context.loop.execute { context.run { continuation.resume(returning: await suite.failures()) } }
        }
        for failure in failures { Issue.record(failure) }
        await loops.shutdown()
    }

    private func message(_ text: String, _ metadata: [String: String] = [:]) -> OutgoingMessage {
        OutgoingMessage(topic: "t", data: ByteBuffer(string: text), metadata: metadata)
    }

    private func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "waited too long")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func `nothing is opened before the first use`() async throws {
        let broker = try await make()
        #expect(broker.status == .ready)
        #expect(access(path, F_OK) != 0)
        try await broker.publish(message("x"))
        #expect(access(path, F_OK) == 0)
        await broker.close()
        #expect(broker.status.phase == .closed)
    }

    @Test func `what all groups have done with leaves the file, and pipes go with their processes`() async throws {
        let broker = try await make()
        let inboxes = [PubSubInbox(), PubSubInbox()]
        for (index, inbox) in inboxes.enumerated() {
            _ = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g\(index)")) { await inbox.take($0) }
        }
        for batch in 0..<30 { _ = try await broker.publish((0..<100).map { message("\(batch)-\($0)") }) }
        try await until { inboxes.allSatisfy { $0.acknowledged.count == 3_000 } }
        await broker.close()
        let left = try #require(Int(try await SQLiteShell.run("SELECT count(*) FROM messages", on: path)))
        #expect(left <= 1_100)
        #expect(try await SQLiteShell.run("SELECT (SELECT count(*) FROM claims) + (SELECT count(*) FROM deferred)", on: path) == "0")
        #expect(try await SQLiteShell.run("SELECT count(*) FROM members", on: path) == "0")
        #expect(try await SQLiteShell.run("PRAGMA integrity_check", on: path) == "ok")
        let files = try ServerProcess("ls", [directory.path])
        _ = try await files.waitForExit()
        #expect(!files.output.contains("wake"), "\(files.output)")
    }

    @Test func `a topic without groups keeps its newest messages for the first one`() async throws {
        let broker = try await make(["maxUnsubscribedMessages": "50"])
        for batch in 0..<30 { _ = try await broker.publish((0..<100).map { message("\(batch * 100 + $0)") }) }
        let kept = try #require(Int(try await SQLiteShell.run("SELECT count(*) FROM messages", on: path)))
        #expect(kept >= 50 && kept < 50 + 2 * Int(BusLimits.trimStep))
        let inbox = PubSubInbox()
        _ = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g")) { await inbox.take($0) }
        try await until { inbox.count == kept }
        #expect(inbox.texts.contains("2999") && !inbox.texts.contains("0"))
        await broker.close()
    }

    @Test func `old messages of a topic without groups go, and so do groups that nobody uses`() async throws {
        let clock = ManualClock()
        let broker = try await make(["unsubscribedRetention": "1h", "groupRetention": "2h"], clock: clock)
        try await broker.publish(message("old"))
        let feed = try await broker.subscribe(SubscriptionRequest(topic: "other", consumerGroup: "g")) { _ in .acknowledge }
        await feed.close()
        _ = try await broker.subscribe(SubscriptionRequest(topic: "third", consumerGroup: "g")) { _ in .acknowledge }
        try await until {
            clock.advance(by: .seconds(600))
            try await broker.publish(message("young"))
            return try await [
                SQLiteShell.run("SELECT count(*) FROM messages WHERE CAST(data AS TEXT) = 'old'", on: path),
                SQLiteShell.run("SELECT group_concat(topic) FROM subscriptions", on: path),
            ] == ["0", "third"]
        }
        await broker.close()
    }

    @Test func `a full backlog refuses a topic's messages and takes them when a group has caught up`() async throws {
        let broker = try await make(["maxBacklogMessages": "10"])
        let inbox = PubSubInbox()
        let feed = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g")) { await inbox.take($0) }
        await feed.pause()
        let outcomes = try await broker.publish((0..<15).map { message("\($0)") })
        #expect(outcomes.map { $0 == nil } == Array(repeating: true, count: 10) + Array(repeating: false, count: 5))
        #expect((outcomes[10] as? CapabilityError)?.code == .resourceExhausted)
        await feed.resume()
        try await until { inbox.acknowledged.count == 10 }
        try await until { (try? await broker.publish(message("more"))) != nil }
        try await until { inbox.acknowledged.contains("more") }
        await broker.close()
    }

    @Test func `publications that wait share commits, and so do acknowledgements`() async throws {
        let broker = try await make()
        let inbox = PubSubInbox()
        _ = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g")) { await inbox.take($0) }
        let before = broker.commits
        try await withThrowingTaskGroup { group in
            for task in 0..<64 { group.addTask { for number in 0..<20 { try await broker.publish(message("\(task)-\(number)")) } } }
            try await group.waitForAll()
        }
        try await until { inbox.acknowledged.count == 1_280 }
        #expect(broker.commits - before < 640)
        await broker.close()
    }

    @Test func `a file that has the index of earlier versions loses it and keeps its messages`() async throws {
        let first = try await make()
        try await first.publish(message("kept"))
        await first.close()
        _ = try await SQLiteShell.run("CREATE INDEX claims_of_subscription ON claims (subscription, topic, first)", on: path)
        let inbox = PubSubInbox()
        let second = try await make()
        _ = try await second.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g")) { await inbox.take($0) }
        try await until { inbox.acknowledged.count == 1 }
        await second.close()
        #expect(try await SQLiteShell.run("SELECT count(*) FROM sqlite_master WHERE name = 'claims_of_subscription'", on: path) == "0")
    }

    @Test func `a deferred message stays when its neighbours leave the file`() async throws {
        let broker = try await make()
        let inbox = PubSubInbox()
        _ = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g")) { await inbox.take($0) }
        try await broker.publish(message("late", ["delayInSeconds": "600"]))
        for batch in 0..<40 { _ = try await broker.publish((0..<100).map { message("\(batch)-\($0)") }) }
        try await until { inbox.acknowledged.count == 4_000 }
        await broker.close()
        #expect(try await SQLiteShell.run("SELECT count(*) FROM messages WHERE data = CAST('late' AS BLOB)", on: path) == "1")
        let left = try #require(Int(try await SQLiteShell.run("SELECT count(*) FROM messages", on: path)))
        #expect(left <= 1_101)
    }

    @Test func `a claim knows which of its messages are done, also when it was stored`() {
        var claim = BusClaim(topic: 1, first: 100, count: 130)
        for place in [100, 163, 164, 229, 229, 99, 230] as [Int64] { claim.finish(place) }
        #expect(claim.remaining == 126)
        let stored = BusClaim(topic: 1, first: 100, count: 130, done: claim.done)
        #expect(stored.remaining == 126)
        #expect((100..<230).filter { stored.isDone($0) } == [100, 163, 164, 229])
    }

    @Test func `a process that others took for dead begins anew and loses nothing`() async throws {
        let clock = ManualClock()
        let broker = try await make(clock: clock)
        let gate = PubSubGate()
        let inbox = PubSubInbox { message in
            await gate.wait()
            return .acknowledge
        }
        _ = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g", maximumInFlight: 2)) { await inbox.take($0) }
        for number in 0..<10 { try await broker.publish(message("\(number)")) }
        try await until { inbox.inFlight == 2 }
        // What another process does when the lease of this one is over.
        _ = try await SQLiteShell.run("UPDATE claims SET owner = NULL; DELETE FROM members; DELETE FROM consumers", on: path)
        try await until {
            clock.advance(by: .seconds(11))
            return try await SQLiteShell.run("SELECT count(*) FROM members", on: path) == "1"
        }
        gate.open()
        try await until { Set(inbox.acknowledged).count == 10 }
        try await until { try await SQLiteShell.run("SELECT count(*) FROM claims", on: path) == "0" }
        await broker.close()
    }
}
