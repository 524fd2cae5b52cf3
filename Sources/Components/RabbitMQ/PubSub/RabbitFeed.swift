import Logging
import MechaCore
import MechaWire
import NIOCore

/// The messages of one queue, on their way to a handler, on a channel of their own that is opened again whenever it is
/// lost.
///
/// Confined to its event loop but for ``MessageFeed``'s calls, hence the unchecked Sendable.
final class RabbitFeed: MessageFeed, @unchecked Sendable {
    typealias Handler = @Sendable (RabbitDelivery) async -> MessageOutcome

    struct Settings: Sendable {
        /// To be declared before the queue is consumed.
        var methods: [AMQPMethod]
        var queue: String
        var isExclusive = false
        var prefetch: UInt16
        var maximumInFlight: Int
        var acknowledgesAtOnce = false
        var refusal = RabbitPubSubSettings.Refusal.requeue
        /// The queue goes with its last consumer, so that this one stays until its handlers are done.
        var staysConsumer: Bool
    }

    private let consumer: RabbitConsumer
    private let loop: any EventLoop
    private let settings: Settings
    private let redeliverInterval: TimeAmount
    private let clock: any MechaClock
    private let logger: Logger
    private let handler: Handler
    private var window: DeliveryWindow<RabbitDelivery>
    private var channel: AMQPChannel?
    private var generation = 0
    /// Times that the feed was resumed: each consumer has a tag of its own, the first that of Dapr, the queue's name.
    private var resumptions = 0
    private var failures = 0
    private var started: EventLoopPromise<Void>?
    private var closed: EventLoopPromise<Void>?

    init(
        consumer: RabbitConsumer, settings: Settings, redeliverInterval: TimeAmount, clock: any MechaClock, logger: Logger,
        handler: @escaping Handler
    ) {
        self.clock = clock
        self.consumer = consumer
        self.settings = settings
        self.redeliverInterval = redeliverInterval
        self.logger = logger
        self.handler = handler
        loop = consumer.loop
        window = DeliveryWindow(maximumInFlight: settings.maximumInFlight, capacity: Int(settings.prefetch))
    }

    // MARK: - Channel

    /// The future succeeds when the queue is consumed or the server is not there, and fails when the server refuses.
    func start(within limit: TimeAmount) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        started = promise
        let timer = loop.scheduleTask(in: limit) { promise.succeed() }
        promise.futureResult.whenComplete { _ in
            timer.cancel()
            self.started = nil
        }
        return promise.futureResult
    }

    private var consumerTag: String {
        resumptions == 0 ? settings.queue : "\(resumptions)"
    }

    private var consume: AMQPMethod {
        .basicConsume(queue: settings.queue, consumerTag: consumerTag, isExclusive: settings.isExclusive)
    }

    /// The server cannot be reached for now.
    func isWaiting() { started?.succeed() }

    /// A connection is ready.
    func open(on connection: AMQPConnection) {
        guard !window.isClosed else { return }
        generation += 1
        let generation = generation
        connection.openChannel().flatMap { channel in
            // Deliveries may come together with the answer that starts them.
            channel.onDeliver = { [weak self] deliver, message in self?.received(deliver, message, generation) }
            channel.onCancel = { [weak self] in
                self?.logger.warning("RabbitMQ ended the consumer of queue \(self?.settings.queue ?? ""): it is declared anew")
                _ = channel.close()
                self?.failed(generation, connection, nil)
            }
            var ready = channel.call(.basicQos(prefetchCount: self.settings.prefetch, isGlobal: false))
            for method in self.settings.methods { ready = ready.flatMap { _ in channel.call(method) } }
            return ready.flatMap { _ in channel.call(self.consume) }.map { _ in channel }
        }.whenComplete { [weak self] outcome in
            guard let self, generation == self.generation else { return }
            switch outcome {
            case .success(let channel):
                guard channel.isOpen else { return }
                guard !window.isClosed else {
                    // Closed meanwhile: what came is the server's again.
                    _ = channel.close()
                    return
                }
                failures = 0
                self.channel = channel
                channel.onClose = { [weak self] reason in self?.failed(generation, connection, reason) }
                if window.isPaused, !settings.staysConsumer {
                    channel.send(.basicCancel(consumerTag: consumerTag, isNoWait: true))
                }
                started?.succeed()
            case .failure(let error):
                failed(generation, connection, error as? CapabilityError ?? CapabilityError(.backend, "\(error)", cause: error))
            }
        }
    }

    /// The channel is gone, or could not be had. What was fetched is the server's again; answers of handlers that have
    /// messages of it mean nothing any more.
    private func failed(_ generation: Int, _ connection: AMQPConnection, _ reason: CapabilityError?) {
        guard generation == self.generation else { return }
        self.generation += 1
        channel = nil
        _ = window.takeWaiting()
        guard !window.isClosed, consumer.isUsing(connection) else { return }
        // The server is there: this subscription is at fault.
        if let reason {
            logger.error("queue \(settings.queue): \(reason.message)")
            if let started { return started.fail(reason) }
        }
        failures += 1
        let pause = TimeAmount.milliseconds(min(5_000, 50 << Int64(min(failures, 10))))
        loop.scheduleTask(in: pause) { [weak self] in
            guard let self, consumer.isUsing(connection) else { return }
            open(on: connection)
        }
    }

    // MARK: - Messages

    private func received(_ deliver: AMQPDeliver, _ message: AMQPContentAssembler.Message, _ generation: Int) {
        guard let body = message.body else {
            return logger.error(
                "a message of \(message.bodyBytes) bytes in queue \(settings.queue) is beyond the limit (messageBytes): it stays unacknowledged"
            )
        }
        var delivery = RabbitDelivery(generation: generation, deliver: deliver, properties: message.properties, body: body)
        if let text = message.properties.expiration, let milliseconds = Int64(text) {
            delivery.expiresAt = clock.now() + .milliseconds(milliseconds)
        }
        // Was under way when the feed was paused.
        if window.isPaused, !settings.staysConsumer { return giveBack(delivery) }
        if window.append(delivery) { pump() }
    }

    private func pump() {
        while let delivery = window.next() {
            // It may have waited here longer than it lives.
            if let end = delivery.expiresAt, clock.now() >= end {
                answer(delivery, .basicNack(tag: delivery.deliver.deliveryTag, isMultiple: false, requeues: false))
                window.answered()
            } else {
                hand(delivery)
            }
        }
    }

    private func giveBack(_ delivery: RabbitDelivery) {
        answer(delivery, .basicNack(tag: delivery.deliver.deliveryTag, isMultiple: false, requeues: true))
    }

    private func hand(_ delivery: RabbitDelivery) {
        if settings.acknowledgesAtOnce { answer(delivery, .basicAck(tag: delivery.deliver.deliveryTag, isMultiple: false)) }
        loop.startTask { [self] in
            let outcome = await handler(delivery)
            if loop.inEventLoop {
                answered(delivery, outcome)
            } else {
                loop.execute { self.answered(delivery, outcome) }
            }
        }
    }

    private func answered(_ delivery: RabbitDelivery, _ outcome: MessageOutcome) {
        let tag = delivery.deliver.deliveryTag
        switch outcome {
        case _ where settings.acknowledgesAtOnce: release()
        case .acknowledge:
            answer(delivery, .basicAck(tag: tag, isMultiple: false))
            release()
        case .redeliver:
            let refused = AMQPMethod.basicNack(tag: tag, isMultiple: false, requeues: settings.refusal == .requeue)
            guard settings.refusal == .requeue, !window.isClosed, delivery.generation == generation else {
                answer(delivery, refused)
                return release()
            }
            // Without a pause a message that nobody takes would go round as fast as the wire carries it.
            loop.scheduleTask(in: redeliverInterval) { [self] in
                answer(delivery, refused)
                release()
            }
        }
    }

    private func answer(_ delivery: RabbitDelivery, _ method: AMQPMethod) {
        if delivery.generation == generation { channel?.send(method) }
    }

    private func release() {
        window.answered()
        if window.isClosed {
            finishIfIdle()
        } else {
            pump()
        }
    }

    /// Hands over nothing more; the future succeeds when every answer is with the server.
    func shut() -> EventLoopFuture<Void> {
        if let closed { return closed.futureResult }
        let promise = loop.makePromise(of: Void.self)
        closed = promise
        _ = window.close()
        started?.succeed()
        // Others may have what comes from now on.
        if !settings.staysConsumer { channel?.send(.basicCancel(consumerTag: consumerTag, isNoWait: true)) }
        finishIfIdle()
        return promise.futureResult
    }

    private func finishIfIdle() {
        guard window.isIdle, let closed else { return }
        // Closing the channel gives back what is unacknowledged.
        let channel = channel
        self.channel = nil
        (channel?.close() ?? loop.makeSucceededVoidFuture()).cascade(to: closed)
    }

    // MARK: - MessageFeed

    func pause() async {
        try? await loop.submit {
            guard !self.window.isPaused else { return }
            self.window.pause()
            // Others of the group may have what waits here. A queue that goes with its last consumer keeps this one.
            guard !self.settings.staysConsumer else { return }
            self.channel?.send(.basicCancel(consumerTag: self.consumerTag, isNoWait: true))
            for delivery in self.window.takeWaiting() { self.giveBack(delivery) }
        }.get()
    }

    func resume() async {
        try? await loop.submit {
            guard self.window.isPaused else { return }
            self.window.resume()
            self.pump()
            guard !self.settings.staysConsumer, !self.window.isClosed, let channel = self.channel else { return }
            self.resumptions += 1
            // When it fails, the channel closes and everything begins anew.
            _ = channel.call(self.consume)
        }.get()
    }

    func close() async {
        try? await loop.flatSubmit { self.shut().flatMap { self.consumer.detach(self) } }.get()
    }
}
