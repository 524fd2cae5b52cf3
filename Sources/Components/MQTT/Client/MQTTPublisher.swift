import Logging
import MechaCore
import MechaWire
import NIOCore
import Synchronization

/// Publishes messages over one connection and answers when the broker has confirmed them.
///
/// Members other than ``publish(_:)``, ``status`` and ``close()`` are confined to the event loop, hence the unchecked
/// Sendable.
final class MQTTPublisher: @unchecked Sendable {
    private typealias Waiter = UnsafeContinuation<Void, any Error>

    private let loop: any EventLoop
    private let configuration: MQTTConfiguration
    private let link: MQTTLink
    private var outbox: MQTTOutbox<Waiter>
    private var timer: Scheduled<Void>?
    private let sharedStatus = Mutex(ComponentStatus(.connecting))

    init(loop: any EventLoop, configuration: MQTTConfiguration, clientID: String, logger: Logger) {
        self.loop = loop
        self.configuration = configuration
        link = MQTTLink(loop: loop, configuration: configuration, connect: configuration.connect(publisher: clientID), logger: logger)
        outbox = MQTTOutbox(limits: configuration.limits, version: configuration.version)
        link.onMade = { [weak self] connection in
            connection.onPacket = { [weak self] packet in
                guard let self, case .step(let step) = packet else { return }
                perform(outbox.received(step))
            }
        }
        link.onReady = { [weak self] _, connack in
            guard let self else { return }
            perform(outbox.connected(MQTTServerLimits(connack)))
        }
        link.onDown = { [weak self] in self?.outbox.disconnected() }
        link.onUnreachable = { [weak self] reason in
            guard let self else { return }
            perform(outbox.unreachable(reason))
        }
        link.onStatusChange = { [weak self] status in self?.sharedStatus.withLock { $0 = status } }
    }

    var status: ComponentStatus { sharedStatus.withLock { $0 } }

    /// Begins to connect.
    func start() { loop.execute { self.link.wake() } }

    /// `message` has no packet id yet. Returns when the server has confirmed it, with QoS 0 when it is written.
    func publish(_ message: MQTTPublish) async throws {
        try await withUnsafeThrowingContinuation { (waiter: Waiter) in
            if loop.inEventLoop {
                publish(message, waiter)
            } else {
                loop.execute { self.publish(message, waiter) }
            }
        }
    }

    private func publish(_ message: MQTTPublish, _ waiter: Waiter) {
        guard !link.isClosed else { return waiter.resume(throwing: CapabilityError(.closed, "the MQTT component is closed")) }
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

    private var whenEmpty: (() -> Void)?

    private func shut() -> EventLoopFuture<Void> {
        timer?.cancel()
        perform(outbox.unreachable(CapabilityError(.closed, "the MQTT component is closed")))
        return link.close()
    }

    private func perform(_ actions: [MQTTOutbox<Waiter>.Action]) {
        for action in actions {
            switch action {
            case .write(let packet): link.write(packet)
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
            // A server that does not confirm may not be there any more.
            if !actions.isEmpty { link.probe() }
            perform(actions)
            if let next { arm(next) }
        }
    }
}
