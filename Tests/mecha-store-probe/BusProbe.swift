import Glibc
import Logging
import MechaCore
import MechaSQLite
import MechaWire
import NIOCore
import NIOPosix

/// Set by the signal handler alone.
private nonisolated(unsafe) var isToldToEnd = false

/// Modes that use a SQLite broker: publishers and consumers to be killed, in as many processes as a test likes.
enum BusProbe {
    static func run(_ mode: String, _ path: String, _ arguments: [String]) async throws -> Bool {
        let broker = try SQLitePubSub(
            metadata: ComponentMetadata(["connectionString": path, "redeliveryPause": "20ms"]),
            environment: ComponentEnvironment(
                name: "probe", eventLoopGroup: EventLoops(count: 1).group,
                logger: Logger(label: "probe", factory: { _ in SwiftLogNoOpLogHandler() }), dataDirectory: ".", appID: "probe"))
        try await broker.start()
        switch mode {
        case "publish": try await publish(broker, tag: arguments.first ?? "", count: arguments.dropFirst().first.flatMap { Int($0) })
        case "consume": try await consume(broker, ordersByKey: arguments.contains("ordered"))
        case "fill-bus": try await fill(broker, ballast: arguments.first ?? "")
        default: return false
        }
        await broker.close()
        return true
    }

    /// Publishes from many tasks, each with a key of its own, and says each message that is confirmed.
    private static func publish(_ broker: SQLitePubSub, tag: String, count: Int?) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<8 {
                group.addTask {
                    let key = "\(tag)-\(client)"
                    for number in 0..<(count ?? .max) {
                        try await broker.publish(
                            OutgoingMessage(topic: "t", data: ByteBuffer(string: "\(key) \(number)"), metadata: ["partitionKey": key]))
                        StoreProbe.say("\(key) \(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Says each message that is handed over, until it is told to end. Every eleventh is refused the first time.
    private static func consume(_ broker: SQLitePubSub, ordersByKey: Bool) async throws {
        let feed = try await broker.subscribe(
            SubscriptionRequest(topic: "t", consumerGroup: "g", maximumInFlight: 20, ordersByKey: ordersByKey)
        ) { message in
            let text = String(buffer: message.data)
            if message.attempt == 1, text.hasSuffix("7"), text.utf8.count % 2 == 0 { return .redeliver }
            StoreProbe.say(text)
            return .acknowledge
        }
        StoreProbe.say("ready")
        signal(SIGTERM) { _ in isToldToEnd = true }
        while !isToldToEnd { try await Task.sleep(for: .milliseconds(10)) }
        await feed.close()
    }

    /// Publishes until the disk is full, says with which code, makes room by removing `ballast`, and says whether
    /// everything confirmed arrives and publishing works again.
    private static func fill(_ broker: SQLitePubSub, ballast: String) async throws {
        let received = Received()
        let feed = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g")) { message in
            await received.add(String(buffer: message.data.getSlice(at: 0, length: 8) ?? ByteBuffer()))
            return .acknowledge
        }
        await feed.pause()
        var confirmed = 0
        while true {
            let text = String(repeating: "0", count: 8 - "\(confirmed)".utf8.count) + "\(confirmed)" + String(repeating: "x", count: 16_000)
            do {
                try await broker.publish(OutgoingMessage(topic: "t", data: ByteBuffer(string: text)))
                confirmed += 1
            } catch let error as CapabilityError {
                StoreProbe.say("refused: \(error.code)")
                break
            }
        }
        unlink(ballast)
        await feed.resume()
        try await broker.publish(OutgoingMessage(topic: "t", data: ByteBuffer(string: "zzzzzzzz")))
        while await received.count < confirmed + 1 { try await Task.sleep(for: .milliseconds(5)) }
        StoreProbe.say(
            "confirmed: \(confirmed > 10 ? "many" : "few"), arrived: \(await received.count == confirmed + 1 ? "all" : "others")")
    }

    private actor Received {
        private var texts: Set<String> = []
        var count: Int { texts.count }
        func add(_ text: String) { texts.insert(text) }
    }
}
