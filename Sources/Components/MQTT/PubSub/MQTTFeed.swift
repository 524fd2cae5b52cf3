import MechaCore
import MechaResiliency
import MechaWire
import NIOCore

/// The messages of one subscription, on their way to its handler.
///
/// MQTT cannot refuse a message: one whose handler does not acknowledge keeps its place, is handed over again after a
/// pause, and is unacknowledged at the broker all the while.
///
/// Confined to its event loop but for ``MessageFeed``'s calls, hence the unchecked Sendable.
final class MQTTFeed: MessageFeed, @unchecked Sendable {
    typealias Handler = @Sendable (_ publish: MQTTPublish, _ attempt: Int, _ firstDelivered: Timestamp) async -> MessageOutcome

    /// As the broker knows it, `$share/group/` included.
    let subscription: String
    /// What topics of messages are compared with.
    let filter: String
    let unsubscribesOnClose: Bool

    private let consumer: MQTTConsumer
    private let loop: any EventLoop
    private let clock: any MechaClock
    private let redelivery: Backoff
    private let redeliveriesAtMost: Int?
    private let handler: Handler
    private var window: DeliveryWindow<MQTTDelivery>
    /// Messages whose pause goes on, and the timers that end it.
    private var pausing: [MQTTInbox.ID: (delivery: MQTTDelivery, timer: Scheduled<Void>)] = [:]
    /// Messages whose pause ended while the feed is paused.
    private var due: [MQTTDelivery] = []
    private var generator = SystemRandomNumberGenerator()
    private var closed: EventLoopPromise<Void>?

    init(
        consumer: MQTTConsumer, subscription: String, filter: String, unsubscribesOnClose: Bool, maximumInFlight: Int,
        clock: any MechaClock,
        handler: @escaping Handler
    ) {
        self.consumer = consumer
        self.subscription = subscription
        self.filter = filter
        self.unsubscribesOnClose = unsubscribesOnClose
        self.handler = handler
        self.clock = clock
        loop = consumer.loop
        redelivery = consumer.configuration.redelivery
        redeliveriesAtMost = consumer.configuration.redeliveriesAtMost
        window = DeliveryWindow(maximumInFlight: maximumInFlight, capacity: consumer.configuration.limits.messagesHeld)
    }

    // MARK: - On the loop

    var isOpen: Bool { !window.isClosed }
    var isPaused: Bool { window.isPaused }
    var load: Int { window.inFlight + window.waitingCount }

    func offer(_ delivery: MQTTDelivery) {
        var delivery = delivery
        if delivery.expiresAt == nil, let seconds = delivery.publish.properties.number(.messageExpiry) {
            delivery.expiresAt = clock.now() + .seconds(seconds)
        }
        if window.append(delivery) {
            pump()
        } else {
            consumer.giveBack([delivery])
        }
    }

    private func pump() {
        while let delivery = window.next() {
            // It may have waited here longer than it lives.
            if delivery.firstDelivered == nil, let end = delivery.expiresAt, clock.now() >= end {
                consumer.acknowledge(delivery.id)
                window.answered()
            } else {
                hand(delivery)
            }
        }
    }

    private func hand(_ delivery: MQTTDelivery) {
        var delivery = delivery
        delivery.attempts += 1
        let first = delivery.firstDelivered ?? clock.now()
        delivery.firstDelivered = first
        loop.startTask { [delivery, self] in
            let outcome = await handler(delivery.publish, delivery.attempts, first)
            if loop.inEventLoop {
                answered(delivery, outcome)
            } else {
                loop.execute { self.answered(delivery, outcome) }
            }
        }
    }

    private func answered(_ delivery: MQTTDelivery, _ outcome: MessageOutcome) {
        switch outcome {
        case .acknowledge:
            consumer.acknowledge(delivery.id)
            release()
        case .redeliver where window.isClosed:
            consumer.giveBack([delivery])
            release()
        case .redeliver:
            if let redeliveriesAtMost, delivery.attempts > redeliveriesAtMost {
                consumer.leave(delivery)
                return release()
            }
            var schedule = BackoffSchedule(redelivery)
            var pause = schedule.next(using: &generator)
            for _ in 1..<min(max(delivery.attempts, 1), 20) { pause = schedule.next(using: &generator) }
            let timer = loop.scheduleTask(in: .nanoseconds(pause.wholeNanoseconds)) { [weak self] () -> Void in
                self?.pauseEnded(delivery.id)
            }
            pausing[delivery.id] = (delivery, timer)
        }
    }

    private func pauseEnded(_ id: MQTTInbox.ID) {
        guard let (delivery, _) = pausing.removeValue(forKey: id) else { return }
        if window.isPaused {
            due.append(delivery)
        } else {
            hand(delivery)
        }
    }

    private func release() {
        window.answered()
        if window.isClosed {
            finishIfIdle()
        } else {
            pump()
        }
    }

    /// Hands over nothing more; the future succeeds when every handler has answered.
    func shut() -> EventLoopFuture<Void> {
        if let closed { return closed.futureResult }
        let promise = loop.makePromise(of: Void.self)
        closed = promise
        var left = window.close()
        for (delivery, timer) in pausing.values {
            timer.cancel()
            left.append(delivery)
            window.answered()
        }
        for delivery in due {
            left.append(delivery)
            window.answered()
        }
        pausing.removeAll()
        due.removeAll()
        consumer.giveBack(left)
        finishIfIdle()
        return promise.futureResult
    }

    private func finishIfIdle() {
        if window.isIdle { closed?.succeed() }
    }

    // MARK: - MessageFeed

    func pause() async {
        try? await loop.submit {
            self.window.pause()
            // Others of the group may have what waits here.
            self.consumer.giveBack(self.window.takeWaiting())
        }.get()
    }

    func resume() async {
        try? await loop.submit {
            self.window.resume()
            let due = self.due
            self.due.removeAll()
            for delivery in due { self.hand(delivery) }
            self.pump()
        }.get()
    }

    func close() async {
        let consumer = consumer
        try? await loop.flatSubmit { self.shut().flatMap { consumer.detach(self) } }.get()
    }
}
