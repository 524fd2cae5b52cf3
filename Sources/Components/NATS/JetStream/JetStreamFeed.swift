import Logging
import MechaCore
import MechaWire
import NIOCore

/// A subscription by a durable consumer: asks a pull consumer for as much as there is room for, or takes what
/// a push consumer sends.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class JetStreamFeed: MessageFeed, NATSListener, @unchecked Sendable {
    let api: JetStreamAPI
    let home: NATSLoop
    let request: SubscriptionRequest
    let logger: Logger
    private let handler: MessageHandler
    private var window: DeliveryWindow<JetStreamDelivery>
    private var machine: JetStreamPullMachine
    private var consumer: JetStreamConsumer?
    private var subscription: (id: UInt64, inbox: String)?
    /// Reply subjects of what waits or is with a handler: the server is told that they are being worked on.
    private var held: Set<String> = []
    /// Answers that no connection could carry.
    private var unsent = CircularBuffer<(reply: String, answer: ByteBuffer)>()
    private var bind = BindState()
    private var timers = Timers()
    private var isHandingOver = false
    private var lastSign = NIODeadline.now()
    private var ending = Ending()
    private let backoff: NATSBackoff

    private struct BindState {
        var isRunning = false
        var failures = 0
        var lastWarning = ""
    }

    private struct Timers {
        var retry: Scheduled<Void>?
        var progress: RepeatedTask?
        var silence: RepeatedTask?
    }

    private struct Ending {
        var waiting: [UnsafeContinuation<Void, Never>] = []
        /// Came too late, or was not handed over.
        var unhanded: [JetStreamDelivery] = []
        var isUnsubscribed = false
        var isOver = false
    }

    /// Beyond, the oldest is forgotten, and its message comes again.
    static let maximumUnsentAnswers = 10_000
    /// How long the server keeps a request for messages, and how often it says that it still does.
    static let pullExpiry = Duration.seconds(30)
    static let pullHeartbeat = Duration.seconds(10)

    init(api: JetStreamAPI, home: NATSLoop, request: SubscriptionRequest, logger: Logger, handler: @escaping MessageHandler) {
        self.api = api
        self.home = home
        self.request = request
        self.logger = logger
        self.handler = handler
        let (inFlight, capacity) = Self.window(request, api.settings)
        window = DeliveryWindow(maximumInFlight: inFlight, capacity: capacity)
        machine = JetStreamPullMachine(capacity: capacity)
        backoff = NATSBackoff(home.limits)
    }

    /// Messages handed over at once, and messages fetched ahead.
    static func window(_ request: SubscriptionRequest, _ settings: JetStreamSettings) -> (inFlight: Int, capacity: Int) {
        // One acknowledgement for all before it allows no second message at the same time.
        let isSingle = !settings.isParallel || settings.acknowledgement == .all
        let inFlight = isSingle ? 1 : request.maximumInFlight
        return (inFlight, max(16, inFlight))
    }

    private var loop: any EventLoop { home.loop }

    /// - Parameter consumer: nil when it could not be asked for yet.
    func start(_ consumer: JetStreamConsumer?) {
        onLoop {
            self.timers.silence = self.loop.scheduleRepeatedTask(initialDelay: .seconds(10), delay: .seconds(10)) { [weak self] _ in
                self?.checkSilence()
            }
            if let consumer { self.bound(consumer) } else { self.bindLater() }
        }
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
            feed.findConsumer()
        }
    }

    func close() async {
        await withUnsafeContinuation { continuation in
            onLoop { self.beginClose(continuation) }
        }
    }

    // MARK: - The consumer

    private func findConsumer() {
        guard !bind.isRunning, !window.isClosed else { return }
        bind.isRunning = true
        let capacity = window.capacity + window.maximumInFlight
        loop.startTask { [self] in
            let outcome: Result<JetStreamConsumer, any Error>
            do {
                outcome = .success(try await api.consumer(request, window: capacity))
            } catch {
                outcome = .failure(error)
            }
            onLoop {
                self.bind.isRunning = false
                switch outcome {
                case .success(let consumer): self.bound(consumer)
                case .failure(let error): self.bindFailed(error)
                }
            }
        }
    }

    private func bound(_ consumer: JetStreamConsumer) {
        guard !window.isClosed, !window.isPaused else { return }
        bind = BindState()
        self.consumer = consumer
        lastSign = .now()
        let inbox = consumer.deliverSubject
        if let subscription, inbox != nil, subscription.inbox != inbox {
            home.unsubscribe(subscription.id) {}
            self.subscription = nil
        }
        if subscription == nil {
            let subject = inbox ?? home.newInbox()
            subscription = (home.subscribe(subject, queue: consumer.deliverGroup, self), subject)
        }
        armProgress(consumer)
        guard home.connection != nil else { return }
        sendUnsent()
        if consumer.deliverSubject == nil { perform(machine.ready(room: window.room)) }
    }

    private func bindFailed(_ error: any Error) {
        bind.failures += 1
        let text = (error as? CapabilityError)?.message ?? String(describing: error)
        if text != bind.lastWarning, (error as? CapabilityError)?.code != .unavailable {
            logger.warning("the subscription waits for its consumer", metadata: ["topic": "\(request.topic)", "reason": "\(text)"])
            bind.lastWarning = text
        }
        bindLater()
    }

    private func bindLater() {
        guard !window.isClosed else { return }
        machine.stop()
        timers.retry?.cancel()
        timers.retry = loop.scheduleTask(in: backoff.delay(afterFailures: bind.failures + 3)) { [self] in findConsumer() }
    }

    func connected() {
        timers.retry?.cancel()
        findConsumer()
    }

    func disconnected() { machine.stop() }

    // MARK: - Messages

    private func perform(_ action: JetStreamPullMachine.Action) {
        guard case .pull(let count) = action, let consumer, let subscription, let connection = home.connection else { return }
        let body = JSON.object([
            .init("batch", .integer(count)), .init("expires", .integer(Self.pullExpiry.wholeNanoseconds)),
            .init("idle_heartbeat", .integer(Self.pullHeartbeat.wholeNanoseconds)),
        ])
        connection.send { writer in
            writer.publish(
                "\(api.settings.apiPrefix).CONSUMER.MSG.NEXT.\(consumer.stream).\(consumer.name)", reply: subscription.inbox,
                body: body.buffer)
        }
    }

    func received(_ message: NATSMessage) {
        lastSign = .now()
        if let status = message.headers.status { return received(status: status, message) }
        guard let reply = message.reply else { return }
        machine.messageArrived()
        let delivery = JetStreamDelivery(message: message, attempt: JetStreamReply(reply)?.attempt ?? 1)
        guard window.append(delivery) else { return ending.unhanded.append(delivery) }
        held.insert(reply)
        handOver()
    }

    private func received(status: Int, _ message: NATSMessage) {
        guard !window.isClosed else { return }
        switch status {
        case 100:
            // Flow control: the server waits for an answer before it sends more.
            if let reply = message.reply {
                home.publish(reply, ByteBuffer())
            } else if let stalled = message.headers["Nats-Consumer-Stalled"] {
                home.publish(stalled, ByteBuffer())
            }
        case 404, 408:
            perform(machine.requestEnded(undelivered: message.headers["Nats-Pending-Messages"].flatMap { Int($0) }, room: window.room))
        default:
            // 503 nobody answers; 409 the consumer is gone, changed, or moves to another server.
            bindLater()
        }
    }

    private func checkSilence() {
        guard home.connection != nil, let consumer, !window.isClosed else { return }
        let limit: Duration =
            consumer.deliverSubject == nil ? Self.pullHeartbeat * 3 : (consumer.heartbeat ?? .seconds(3_600 * 24 * 365)) * 3
        guard machine.outstanding > 0 || consumer.deliverSubject != nil, NIODeadline.now() - lastSign > .nanoseconds(limit.wholeNanoseconds)
        else { return }
        machine.stop()
        findConsumer()
    }

    // MARK: - Handing over

    /// Handlers that answer at once come back here; the outermost call does the work.
    private func handOver() {
        guard !isHandingOver else { return }
        isHandingOver = true
        while let delivery = window.next() { handOver(delivery) }
        isHandingOver = false
        perform(machine.roomChanged(window.room))
    }

    private func handOver(_ delivery: JetStreamDelivery) {
        let message = delivery.incoming
        loop.startTask { [self] in
            let outcome = await handler(message)
            onLoop { self.answered(delivery, outcome) }
        }
    }

    private func answered(_ delivery: JetStreamDelivery, _ outcome: MessageOutcome) {
        let delay = redeliveryDelay(delivery.attempt)
        if outcome == .redeliver, mustKeepOrder(delivery) {
            retryInOrder(delivery, after: delay)
        } else {
            window.answered()
            switch outcome {
            case .acknowledge: answer(delivery, Self.acknowledgement)
            case .redeliver:
                let delay = JSON.object([.init("delay", .integer(delay.wholeNanoseconds))])
                answer(delivery, ByteBuffer(string: "-NAK \(delay.text)"))
            }
        }
        handOver()
        finishClosing()
    }

    /// With one message in flight none may overtake another, not even one that was refused. A message that was
    /// delivered as often as may be is the server's to end.
    private func mustKeepOrder(_ delivery: JetStreamDelivery) -> Bool {
        guard window.maximumInFlight == 1, !window.isClosed, consumer?.acknowledges != false else { return false }
        return api.settings.maximumDeliveries.map { delivery.attempt < $0 } ?? true
    }

    private func retryInOrder(_ delivery: JetStreamDelivery, after delay: Duration) {
        var again = delivery
        again.attempt += 1
        window.refused(again)
        loop.scheduleTask(in: .nanoseconds(delay.wholeNanoseconds)) { [self] in
            guard !window.isClosed else { return }
            window.goOn()
            handOver()
        }
    }

    /// A paused consumer takes nothing, and leaves what it has not begun to the others of its group unless order
    /// is wanted.
    private func yieldToOthers() {
        machine.stop()
        guard let subscription, !window.isClosed else { return }
        self.subscription = nil
        home.unsubscribe(subscription.id) { [self] in
            guard window.isPaused, window.maximumInFlight > 1 else { return }
            refuse(window.takeWaiting()) {}
        }
    }

    /// Gives messages back, so that another consumer gets them at once.
    ///
    /// Servers of the 2.9 series lose a refused message until `ackWait` is over when the only request that waits for
    /// it is of a subscription that has ended. Asking for the consumer's state has them forget such requests.
    private func refuse(_ deliveries: [JetStreamDelivery], then goOn: @escaping @Sendable () -> Void) {
        guard !deliveries.isEmpty, let consumer else { return goOn() }
        loop.startTask { [self] in
            if home.isConnected { _ = try? await api.call("CONSUMER.INFO.\(consumer.stream).\(consumer.name)") }
            onLoop {
                for delivery in deliveries { self.answer(delivery, Self.refusal) }
                goOn()
            }
        }
    }

    private func refuseUnhanded() {
        let deliveries = ending.unhanded
        ending.unhanded = []
        refuse(deliveries) { [self] in
            ending.isUnsubscribed = true
            finishClosing()
        }
    }

    private static let acknowledgement = ByteBuffer(string: "+ACK")
    private static let inProgress = ByteBuffer(string: "+WPI")
    private static let refusal = ByteBuffer(string: "-NAK")

    /// `ackWait` as in Dapr, the steps of `backOff`, or else a pause that doubles, so that an app which refuses
    /// everything is not asked without end.
    private func redeliveryDelay(_ attempt: Int) -> Duration {
        let settings = api.settings
        if let wait = settings.acknowledgementWait { return wait }
        if !settings.backOff.isEmpty { return settings.backOff[min(max(0, attempt - 1), settings.backOff.count - 1)] }
        return min(.milliseconds(100 * (1 << min(max(0, attempt - 1), 20))), .seconds(30))
    }

    private func answer(_ delivery: JetStreamDelivery, _ answer: ByteBuffer) {
        guard let reply = delivery.message.reply, consumer?.acknowledges != false else { return }
        held.remove(reply)
        guard home.connection == nil else { return home.publish(reply, answer) }
        unsent.append((reply, answer))
        if unsent.count > Self.maximumUnsentAnswers { unsent.removeFirst() }
    }

    private func sendUnsent() {
        while let (reply, answer) = unsent.popFirst() { home.publish(reply, answer) }
    }

    /// Keeps the server from giving what is being worked on to another consumer.
    private func armProgress(_ consumer: JetStreamConsumer) {
        timers.progress?.cancel()
        guard consumer.acknowledges else { return }
        let period = TimeAmount.nanoseconds(max(10_000_000, consumer.acknowledgementWait.wholeNanoseconds / 3))
        timers.progress = loop.scheduleRepeatedTask(initialDelay: period, delay: period) { [weak self] _ in
            guard let self else { return }
            for reply in held { home.publish(reply, Self.inProgress) }
        }
    }

    // MARK: - Ending

    private func beginClose(_ continuation: UnsafeContinuation<Void, Never>) {
        guard !ending.isOver else { return continuation.resume() }
        ending.waiting.append(continuation)
        guard !window.isClosed else { return }
        ending.unhanded += window.close()
        machine.stop()
        timers.retry?.cancel()
        timers.silence?.cancel()
        guard let subscription else {
            return refuseUnhanded()
        }
        home.unsubscribe(subscription.id) { [self] in refuseUnhanded() }
    }

    private func finishClosing() {
        guard window.isClosed, window.isIdle, ending.isUnsubscribed, !ending.isOver else { return }
        ending.isOver = true
        timers.progress?.cancel()
        guard let connection = home.connection else { return closed() }
        sendUnsent()
        connection.whenTaken { [self] in closed() }
    }

    private func closed() {
        for continuation in ending.waiting { continuation.resume() }
        ending.waiting = []
    }

    // MARK: - Tasks

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }

    private func ask(_ body: @escaping @Sendable (JetStreamFeed) -> Void) async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            onLoop {
                body(self)
                continuation.resume()
            }
        }
    }
}
