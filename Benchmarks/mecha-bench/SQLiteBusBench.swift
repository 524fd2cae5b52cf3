import Glibc
import Logging
import MechaCore
import MechaSQLite
import MechaWire
import NIOCore
import NIOPosix
import Synchronization

/// Durable messages through `pubsub.sqlite`, and between two processes. Prints `name value` lines for bench.py.
enum SQLiteBusBench {
    /// Publishers that wait for their confirmations at a time, as many as the callers of the other measurements: what a
    /// commit can gather.
    private static let publishers = 64

    private static func broker(_ path: String) async throws -> SQLitePubSub {
        let broker = try SQLitePubSub(
            metadata: ComponentMetadata(["connectionString": path]),
            environment: ComponentEnvironment(
                name: "bench", eventLoopGroup: EventLoops(count: 1).group,
                logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() }), dataDirectory: ".", appID: "bench"))
        try await broker.start()
        return broker
    }

    /// Publishes messages of `size` bytes and takes every one: until the last is acknowledged.
    static func throughput(_ path: String, messages: Int, size: Int) async throws {
        let broker = try await broker(path)
        let taken = Atomic(0)
        let feed = try await broker.subscribe(SubscriptionRequest(topic: "bench", consumerGroup: "bench", maximumInFlight: 1_000)) { _ in
            taken.add(1, ordering: .relaxed)
            return .acknowledge
        }
        let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: size)
        let start = BenchClock.now()
        try await withThrowingTaskGroup { group in
            for publisher in 0..<publishers {
                group.addTask {
                    for _ in stride(from: publisher, to: messages, by: publishers) {
                        try await broker.publish(OutgoingMessage(topic: "bench", data: body))
                    }
                }
            }
            try await group.waitForAll()
        }
        while taken.load(ordering: .relaxed) < messages { try await Task.sleep(for: .milliseconds(1)) }
        await feed.close()
        let end = BenchClock.now()
        print("seconds", end.wall - start.wall)
        print("cpu", end.cpu - start.cpu)
        print("commits", broker.publishingCommits.load(ordering: .relaxed))
        await broker.close()
    }

    /// Consumes for ever and says how many microseconds after its publication each message came.
    static func receive(_ path: String) async throws {
        let broker = try await broker(path)
        _ = try await broker.subscribe(SubscriptionRequest(topic: "bench", consumerGroup: "bench")) { message in
            let sent = message.data.getInteger(at: 0, as: UInt64.self) ?? 0
            say("latency \((BenchClock.nanoseconds() - sent) / 1_000)\n")
            return .acknowledge
        }
        say("ready\n")
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    /// Publishes one message after the other with pauses in between, each with the time at which that began.
    static func send(_ path: String, messages: Int) async throws {
        let broker = try await broker(path)
        try await broker.publish(OutgoingMessage(topic: "warm", data: ByteBuffer()))
        for _ in 0..<messages {
            try await Task.sleep(for: .milliseconds(15))
            var body = ByteBuffer()
            body.writeInteger(BenchClock.nanoseconds())
            try await broker.publish(OutgoingMessage(topic: "bench", data: body))
        }
        await broker.close()
    }

    private static func say(_ line: String) {
        let bytes = Array(line.utf8)
        _ = write(1, bytes, bytes.count)
    }
}
