import MechaCore
import MechaWire
import NIOCore
import Synchronization

/// A subscription of a stream by a consumer group. Reads wait on a connection of their own; everything else
/// goes over the shared one.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class RedisFeed: MessageFeed, @unchecked Sendable {
    let client: RedisClient
    let home: RedisLoop
    let settings: RedisPubSubSettings
    let topic: String
    let group: String
    let lane: RedisLane
    private let handler: MessageHandler
    var window: DeliveryWindow<RedisStreamEntry>
    var machine: RedisFeedMachine
    var acknowledgements = RedisAcknowledgements()
    /// What is waiting, with a handler, or not yet told to the server: not to be claimed again.
    var held: Set<RedisStreamID> = []
    var sweep = SweepState()
    var timers = Timers()
    private var isHandingOver = false
    /// Of the lane's connection, to be able to end its wait; nil while not known.
    var connectionID: Int64?
    private let backoff: RedisBackoff
    private var generator = SystemRandomNumberGenerator()
    var ending = Ending()

    struct SweepState {
        var isRunning = false
        /// There was no room for everything: go on as soon as there is.
        var isCutShort = false
    }

    struct Ending {
        /// Who waits for the end.
        var waiting: [UnsafeContinuation<Void, Never>] = []
        /// What came when it was too late, or was not handed over before the end.
        var unhanded: [RedisStreamEntry] = []
        var isReadUnderWay = false
        /// The server cannot be told any more.
        var isGivingUpAcknowledgements = false
        var isOver = false
    }

    struct Timers {
        var retry: Scheduled<Void>?
        var sweep: Scheduled<Void>?
    }

    private static let nextLane = Atomic<UInt64>(0)

    init(
        client: RedisClient, home: RedisLoop, settings: RedisPubSubSettings, request: SubscriptionRequest, handler: @escaping MessageHandler
    ) {
        self.client = client
        self.home = home
        self.settings = settings
        self.handler = handler
        topic = request.topic
        group = request.consumerGroup
        lane = .feed(Self.nextLane.wrappingAdd(1, ordering: .relaxed).oldValue)
        window = DeliveryWindow(
            maximumInFlight: min(settings.concurrency, request.maximumInFlight), capacity: settings.queueDepth)
        machine = RedisFeedMachine(capacity: settings.queueDepth)
        backoff = RedisBackoff(minimum: .milliseconds(50), maximum: client.configuration.maximumRetryInterval)
    }

    var loop: any EventLoop { home.loop }

    func start() {
        onLoop { self.perform(self.machine.started(room: self.window.room)) }
    }

    // MARK: - Contract

    func pause() async {
        await ask { feed in
            feed.window.pause()
            feed.yieldToOthers()
        }
    }

    func resume() async {
        await ask { feed in
            feed.window.resume()
            feed.handOver()
            feed.runSweep()
        }
    }

    func close() async {
        await withUnsafeContinuation { continuation in
            onLoop { self.beginClose(continuation) }
        }
    }

    // MARK: - Reading

    func perform(_ action: RedisFeedMachine.Action) {
        switch action {
        case .none: break
        case .createGroup: createGroup()
        case .read(let count): read(count)
        case .retryLater(let failures):
            connectionID = nil
            timers.retry = loop.scheduleTask(in: backoff.delay(afterFailures: failures, using: &generator)) { [self] in
                sendAcknowledgements()
                perform(machine.retryTimeOver(room: window.room))
            }
        }
    }

    func createGroup() {
        call(.shared) { [topic, group] in
            $0.command("XGROUP", "CREATE", topic, group, "0", "MKSTREAM")
        } then: { [self] outcome in
            if case .failure(let error) = outcome, (error as? RedisServerError)?.kind != "BUSYGROUP" {
                _ = report(error)
                return perform(machine.failed())
            }
            perform(machine.groupCreated(room: window.room))
            beginSweeping()
        }
    }

    func read(_ count: Int) {
        if connectionID == nil {
            call(lane) {
                $0.command("CLIENT", "ID")
            } then: { [self] outcome in
                // A user who may not ask this waits a little longer at the end.
                if case .success(let replies) = outcome { connectionID = try? replies.values().first?.integerValue }
            }
        }
        let wait = client.configuration.readTimeout
        call(lane, timeout: wait + wait) { [topic, group] writer in
            writer.begin(parts: 11)
            writer.append(encoded: "$10\r\nXREADGROUP\r\n$5\r\nGROUP\r\n")
            writer.write(group)
            writer.write(group)
            writer.append(encoded: "$5\r\nCOUNT\r\n")
            writer.write(count)
            writer.append(encoded: "$5\r\nBLOCK\r\n")
            writer.write(Int(wait.nanoseconds / 1_000_000))
            writer.append(encoded: "$7\r\nSTREAMS\r\n")
            writer.write(topic)
            writer.append(encoded: "$1\r\n>\r\n")
        } then: { [self] outcome in
            readEnded(outcome)
        }
    }

    func readEnded(_ outcome: Result<RedisReplies, any Error>) {
        do {
            take(try RedisStreamReplies.read(try outcome.get()))
            perform(machine.readEnded(room: window.room))
        } catch let error as RedisServerError where error.kind == "NOGROUP" {
            perform(machine.groupMissing(room: window.room))
        } catch {
            _ = report(error)
            perform(machine.failed())
        }
        ending.isReadUnderWay = false
        finishClosing()
    }

    // MARK: - Handing over

    func take(_ entries: [RedisStreamEntry]) {
        for entry in entries {
            if window.append(entry) { held.insert(entry.id) } else { ending.unhanded.append(entry) }
        }
        if window.isPaused { yieldToOthers() }
        handOver()
    }

    /// Handlers that answer at once come back here; the outermost call does the work.
    func handOver() {
        guard !isHandingOver else { return }
        isHandingOver = true
        while let entry = window.next() { handOver(entry) }
        isHandingOver = false
        perform(machine.roomChanged(window.room))
        if sweep.isCutShort, window.room >= max(1, window.capacity / 2) { runSweep() }
    }

    func handOver(_ entry: RedisStreamEntry) {
        let message = entry.message(topic: topic)
        loop.startTask { [self] in
            let outcome = await handler(message)
            onLoop { self.answered(entry, outcome) }
        }
    }

    func answered(_ entry: RedisStreamEntry, _ outcome: MessageOutcome) {
        if outcome == .redeliver, mustKeepOrder {
            retryInOrder(entry)
        } else {
            window.answered()
            if outcome == .acknowledge { acknowledge(entry.id) } else { held.remove(entry.id) }
        }
        handOver()
        finishClosing()
    }

    // MARK: - Acknowledging

    func acknowledge(_ id: RedisStreamID) {
        let (send, forgotten) = acknowledgements.add(id)
        if let forgotten { held.remove(forgotten) }
        if send { loop.execute { self.sendAcknowledgements() } }
    }

    func sendAcknowledgements() {
        let ids = acknowledgements.take()
        guard !ids.isEmpty else { return }
        call(.shared) { [topic, group] writer in
            writer.begin(parts: 3 + ids.count)
            writer.append(encoded: "$4\r\nXACK\r\n")
            writer.write(topic)
            writer.write(group)
            for id in ids { writer.write(id.text) }
        } then: { [self] outcome in
            switch outcome {
            case .success:
                for id in acknowledgements.confirmed() { held.remove(id) }
                sendAcknowledgements()
            case .failure(let error):
                acknowledgements.failed()
                if window.isClosed {
                    // Nobody will send them again.
                    ending.isGivingUpAcknowledgements = true
                } else {
                    _ = report(error)
                    let delay = client.configuration.maximumRetryInterval
                    loop.scheduleTask(in: delay) { [weak self] in self?.sendAcknowledgements() }
                }
            }
            finishClosing()
        }
    }

    // MARK: - Calls and tasks

    /// Sends commands on this feed's loop and comes back there. An error that the server answers is a failure.
    func call(
        _ lane: RedisLane, replies: Int = 1, timeout: TimeAmount? = nil, _ encode: @escaping @Sendable (inout RESPWriter) -> Void,
        then goOn: @escaping @Sendable (Result<RedisReplies, any Error>) -> Void
    ) {
        loop.startTask { [self] in
            let outcome: Result<RedisReplies, any Error>
            do {
                let answer = try await client.call(key: topic, lane: lane, home: home, replies: replies, timeout: timeout, encode)
                if answer.containsError,
                    case .error(let error)? = try answer.values().first(where: { if case .error = $0 { true } else { false } })
                {
                    outcome = .failure(error)
                } else {
                    outcome = .success(answer)
                }
            } catch {
                outcome = .failure(error)
            }
            onLoop { goOn(outcome) }
        }
    }

    /// Lets the client know of an answer that shows a wrong server.
    func report(_ error: any Error) -> CapabilityError? {
        (error as? RedisServerError).map { client.failure($0) }
    }

    func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }

    func ask(_ body: @escaping @Sendable (RedisFeed) -> Void) async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            onLoop {
                body(self)
                continuation.resume()
            }
        }
    }
}
