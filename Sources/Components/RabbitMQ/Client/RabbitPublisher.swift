import Logging
import MechaCore
import MechaWire
import NIOCore
import Synchronization

/// Publishes messages over a connection of its own, every one confirmed by the server.
///
/// Members other than ``publish(_:)``, ``status`` and ``close()`` are confined to the event loop, hence the unchecked
/// Sendable.
final class RabbitPublisher: @unchecked Sendable {
    private typealias Waiter = UnsafeContinuation<Void, any Error>

    /// Declares what messages for an exchange need, on a channel of the same connection.
    typealias Preparation = @Sendable (_ exchange: String, _ channel: AMQPChannel) -> EventLoopFuture<Void>

    private let loop: any EventLoop
    private let configuration: RabbitConfiguration
    private let prepare: Preparation
    private let link: RabbitLink
    private var outbox: RabbitOutbox<Waiter>
    private var channel: AMQPChannel?
    private var timer: Scheduled<Void>?
    private var whenEmpty: (() -> Void)?
    private let sharedStatus = Mutex(ComponentStatus(.connecting))

    init(loop: any EventLoop, configuration: RabbitConfiguration, logger: Logger, prepare: @escaping Preparation) {
        self.loop = loop
        self.configuration = configuration
        self.prepare = prepare
        link = RabbitLink(loop: loop, configuration: configuration, logger: logger)
        outbox = RabbitOutbox(limits: configuration.limits)
        link.onMade = { [weak self] connection in
            let tell = connection.onBlocked
            connection.onBlocked = { [weak self] reason in
                tell?(reason)
                guard let self else { return }
                perform(outbox.blocked(reason != nil))
            }
        }
        link.onReady = { [weak self] connection, _ in self?.open(on: connection) }
        link.onUnreachable = { [weak self] reason in
            guard let self else { return }
            perform(outbox.unreachable(reason))
        }
        link.onStatusChange = { [weak self] status in self?.sharedStatus.withLock { $0 = status } }
    }

    var status: ComponentStatus { sharedStatus.withLock { $0 } }

    /// Begins to connect.
    func start() { loop.execute { self.link.wake() } }

    /// Returns when the server has confirmed the message.
    func publish(_ message: RabbitPublish) async throws {
        try await withUnsafeThrowingContinuation { (waiter: Waiter) in
            if loop.inEventLoop {
                publish(message, waiter)
            } else {
                loop.execute { self.publish(message, waiter) }
            }
        }
    }

    private func publish(_ message: RabbitPublish, _ waiter: Waiter) {
        guard !link.isClosed else { return waiter.resume(throwing: CapabilityError(.closed, "the RabbitMQ component is closed")) }
        link.wake()
        guard !link.isKnownToBeAway else { return waiter.resume(throwing: link.unavailable) }
        let deadline = NIODeadline.now() + configuration.publishTimeout
        perform(outbox.publish(message, waiter, deadline: deadline))
        if timer == nil, !outbox.isEmpty { arm(deadline) }
    }

    /// Lets what is under way finish, then closes.
    func close() async {
        try? await loop.flatSubmit { self.drain() }.get()
    }

    private func drain() -> EventLoopFuture<Void> {
        guard link.isReady, !outbox.isEmpty else { return shut() }
        // The timer gives up what is late, so this ends.
        let promise = loop.makePromise(of: Void.self)
        whenEmpty = { self.shut().cascade(to: promise) }
        return promise.futureResult
    }

    private func shut() -> EventLoopFuture<Void> {
        timer?.cancel()
        perform(outbox.unreachable(CapabilityError(.closed, "the RabbitMQ component is closed")))
        return link.close()
    }

    // MARK: - Channel

    /// A channel in confirm mode; another when it closes.
    private func open(on connection: AMQPConnection) {
        connection.openChannel().flatMap { channel in channel.call(.confirmSelect).map { _ in channel } }.whenComplete {
            [weak self] outcome in
            guard let self, case .success(let channel) = outcome, channel.isOpen else { return }
            self.channel = channel
            channel.onConfirm = { [weak self] tag, isMultiple, isTaken in
                guard let self else { return }
                perform(outbox.confirmed(tag, isMultiple: isMultiple, isTaken: isTaken))
            }
            channel.onReturn = { [weak self] message in
                guard let self, case .basicReturn(let code, let text, let exchange, let routingKey) = message.method else { return }
                perform(outbox.returned(exchange: exchange, routingKey: routingKey, body: message.body, reason: "\(code) \(text)"))
            }
            channel.onClose = { [weak self, weak connection] _ in
                guard let self else { return }
                self.channel = nil
                outbox.closed()
                // Of a lost connection the link makes another.
                if let connection, link.connection === connection { open(on: connection) }
            }
            perform(outbox.opened())
        }
    }

    /// Declares on a channel of its own: a declaration that the server refuses costs the channel.
    private func prepare(_ exchange: String) {
        guard let connection = link.connection else { return }
        let prepare = prepare
        connection.openChannel().flatMap { channel in prepare(exchange, channel).always { _ in _ = channel.close() } }.whenComplete {
            [weak self] outcome in
            guard let self else { return }
            switch outcome {
            case .success: perform(outbox.prepared(exchange))
            case .failure(let error):
                // With the connection lost, the next one tries again.
                guard link.connection === connection, link.isReady else { return }
                perform(outbox.unprepared(exchange, error as? CapabilityError ?? CapabilityError(.backend, "\(error)", cause: error)))
            }
        }
    }

    private func perform(_ actions: [RabbitOutbox<Waiter>.Action]) {
        for action in actions {
            switch action {
            case .send(let publish): channel?.send(publish)
            case .prepare(let exchange): prepare(exchange)
            case .succeed(let waiter): waiter.resume()
            case .fail(let waiter, let error): waiter.resume(throwing: error)
            }
        }
        if let whenEmpty, outbox.isEmpty {
            self.whenEmpty = nil
            whenEmpty()
        }
    }

    private func arm(_ deadline: NIODeadline) {
        timer = loop.scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            timer = nil
            let (actions, next) = outbox.expire(at: .now())
            perform(actions)
            if let next { arm(next) }
        }
    }
}
