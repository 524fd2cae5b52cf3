import MechaCore
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The client's part on one event loop: a link to the servers, requests, and subscriptions that outlive
/// connections. Confined to the loop, hence the unchecked Sendable.
final class NATSLoop: @unchecked Sendable {
    typealias Waiter = UnsafeContinuation<NATSMessage, any Error>

    let loop: any EventLoop
    private let configuration: NATSConfiguration
    private let makeTLS: @Sendable () throws -> NIOSSLContext
    private var machine: NATSLinkMachine
    /// Set exactly while requests can be sent.
    private(set) var connection: NATSConnection? {
        didSet { isUp.store(connection != nil, ordering: .relaxed) }
    }
    private let isUp = Atomic(false)
    private var requests: NATSRequests<Waiter>
    private var requestTimer: Scheduled<Void>?
    private var pauseTimer: Scheduled<Void>?
    private var waiting = CircularBuffer<(proceed: () -> Void, fail: (CapabilityError) -> Void)>()
    private var subscriptions: [UInt64: Subscription] = [:]
    private var nextSubscription: UInt64 = 1
    /// Subjects below it are ours.
    private let inbox: String
    private let generator: NATSBackoff
    var onStatusChange: ((ComponentStatus) -> Void)?

    private struct Subscription {
        var subject: String
        var queue: String?
        var listener: any NATSListener
    }

    /// The subscription for answers to requests.
    private static let answers: UInt64 = 1

    init(loop: any EventLoop, configuration: NATSConfiguration, makeTLS: @escaping @Sendable () throws -> NIOSSLContext) {
        self.loop = loop
        self.configuration = configuration
        self.makeTLS = makeTLS
        machine = NATSLinkMachine(servers: configuration.addresses)
        requests = NATSRequests(limits: configuration.limits)
        generator = NATSBackoff(configuration.limits)
        inbox = "_INBOX.\(RandomID.uuid().filter { $0 != "-" })"
    }

    var status: ComponentStatus { machine.status }
    var limits: NATSLimits { configuration.limits }

    /// May be asked from anywhere.
    var isConnected: Bool { isUp.load(ordering: .relaxed) }

    // MARK: - Requests

    /// Sends a request and lets `waiter` know of the answer, or of the first failure.
    func request(_ subject: String, headers: [(name: String, value: String)] = [], body: ByteBuffer, timeout: TimeAmount?, waiter: Waiter) {
        whenConnected {
            self.send(subject, headers, body, timeout, waiter)
        } orFail: {
            waiter.resume(throwing: $0)
        }
    }

    private func send(
        _ subject: String, _ headers: [(name: String, value: String)], _ body: ByteBuffer, _ timeout: TimeAmount?, _ waiter: Waiter
    ) {
        guard let connection else { return waiter.resume(throwing: machine.unavailable) }
        let bytes = headers.reduce(body.readableBytes) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 } + (headers.isEmpty ? 0 : 12)
        guard bytes <= connection.info.maximumPayloadBytes else {
            return waiter.resume(
                throwing: CapabilityError(
                    .invalidArgument,
                    "the message has \(bytes) bytes with its headers; the NATS server takes \(connection.info.maximumPayloadBytes) at most (max_payload)"
                ))
        }
        if let refusal = requests.refusal { return waiter.resume(throwing: refusal) }
        let deadline = NIODeadline.now() + (timeout ?? configuration.limits.requestTimeout)
        let (token, isFirst) = requests.add(waiter, bytes: bytes, deadline: deadline)
        connection.send { $0.publish(subject, reply: "\(inbox).r.\(token)", headers: headers, body: body) }
        if isFirst { armRequestTimer(deadline) }
    }

    private func armRequestTimer(_ deadline: NIODeadline) {
        requestTimer?.cancel()
        requestTimer = loop.scheduleTask(deadline: deadline) { [self] in
            let (expired, next) = requests.expire(now: .now())
            for waiter in expired {
                waiter.resume(
                    throwing: CapabilityError(.timeout, "NATS did not answer in time; whether the request took effect is unknown"))
            }
            if let next { armRequestTimer(next) }
        }
    }

    private func whenConnected(_ proceed: @escaping () -> Void, orFail fail: @escaping (CapabilityError) -> Void) {
        loop.assertInEventLoop()
        if connection != nil { return proceed() }
        let action = machine.callArrived()
        guard action != .fail else { return fail(machine.unavailable) }
        guard waiting.count < configuration.limits.callsWaitingForConnection else {
            return fail(CapabilityError(.resourceExhausted, "too many calls wait for the connection to NATS (callsWaitingForConnection)"))
        }
        waiting.append((proceed, fail))
        if action == .connectAndWait { connect() }
    }

    /// Publishes without an answer; dropped when there is no connection.
    func publish(_ subject: String, _ body: ByteBuffer) {
        connection?.send { $0.publish(subject, body: body) }
    }

    // MARK: - Subscriptions

    /// A subject that nobody else uses.
    func newInbox() -> String { "\(inbox).f\(nextSubscription + 1)" }

    /// Subscribes now and after every reconnection, until ``unsubscribe(_:then:)``.
    func subscribe(_ subject: String, queue: String?, _ listener: any NATSListener) -> UInt64 {
        nextSubscription += 1
        let id = nextSubscription
        subscriptions[id] = Subscription(subject: subject, queue: queue, listener: listener)
        connection?.send { $0.subscribe(subject, queue: queue, id: id) }
        wake()
        return id
    }

    /// Ends a subscription; `then` is called once nothing more comes.
    func unsubscribe(_ id: UInt64, then goOn: @escaping () -> Void) {
        guard let connection else {
            subscriptions[id] = nil
            return goOn()
        }
        connection.send { $0.unsubscribe(id) }
        connection.whenTaken {
            self.subscriptions[id] = nil
            goOn()
        }
    }

    // MARK: - Connecting

    func wake() {
        if machine.wake() { connect() }
    }

    private func connect() {
        let address = machine.server
        let ready = loop.makePromise(of: Void.self)
        let connection = NATSConnection(loop: loop, address: address, configuration: configuration, ready: ready, makeTLS: makeTLS)
        let deadline = loop.scheduleTask(in: configuration.limits.dialTimeout) {
            let late = CapabilityError(.timeout, "NATS at \(address) did not greet in time (dialTimeout)")
            connection.close(late)
            ready.fail(late)
        }
        ClientBootstrap(group: loop)
            .connectTimeout(configuration.limits.dialTimeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(connection) }
            }
            .connect(host: address.host, port: address.port)
            .whenFailure { ready.fail(CapabilityError(.unavailable, "NATS at \(address): \(describeConnectFailure($0))", cause: $0)) }
        ready.futureResult.whenComplete { outcome in
            deadline.cancel()
            switch outcome {
            case .success: self.connected(connection)
            case .failure(let error):
                let reason = error as? CapabilityError ?? CapabilityError(.unavailable, "no connection to NATS at \(address)", cause: error)
                self.perform(self.machine.attemptFailed(reason))
            }
        }
    }

    private func connected(_ connection: NATSConnection) {
        guard connection.isOpen else {
            return perform(machine.attemptFailed(CapabilityError(.unavailable, "the connection to NATS was lost at once")))
        }
        guard machine.connected() else { return connection.close(CapabilityError(.closed, "the NATS component is closed")) }
        self.connection = connection
        connection.onLoss = { [self] in lost($0) }
        connection.onMessage = { [self] in received($0) }
        connection.send { writer in
            writer.subscribe("\(inbox).r.*", queue: nil, id: Self.answers)
            for (id, subscription) in subscriptions { writer.subscribe(subscription.subject, queue: subscription.queue, id: id) }
        }
        onStatusChange?(status)
        while let call = waiting.popFirst() { call.proceed() }
        for subscription in subscriptions.values { subscription.listener.connected() }
    }

    private func received(_ message: NATSMessage) {
        guard message.subscription == Self.answers else {
            subscriptions[message.subscription]?.listener.received(message)
            return
        }
        guard let dot = message.subject.utf8.lastIndex(of: UInt8(ascii: ".")),
            let token = UInt64(message.subject[message.subject.index(after: dot)...])
        else { return }
        requests.answered(token)?.resume(returning: message)
    }

    private func lost(_ reason: CapabilityError) {
        connection = nil
        requestTimer?.cancel()
        var unknown = reason
        unknown.code = .unavailable
        unknown.message += "; whether the request took effect is unknown"
        for waiter in requests.lost() { waiter.resume(throwing: unknown) }
        for subscription in subscriptions.values { subscription.listener.disconnected() }
        perform(machine.connectionLost(reason))
    }

    private func perform(_ action: NATSLinkMachine.FailureAction) {
        switch action {
        case .none: return
        case .connect: connect()
        case .pause(let rounds):
            failWaiting(machine.unavailable)
            pauseTimer = loop.scheduleTask(in: generator.delay(afterFailures: rounds)) { [self] in
                if machine.pauseEnded() { connect() }
            }
        }
        onStatusChange?(status)
    }

    private func failWaiting(_ error: CapabilityError) {
        let calls = waiting
        waiting.removeAll()
        for call in calls { call.fail(error) }
    }

    /// Sends what was written, then closes for good.
    func close() -> EventLoopFuture<Void> {
        machine.close()
        pauseTimer?.cancel()
        requestTimer?.cancel()
        let closed = CapabilityError(.closed, "the NATS component is closed")
        failWaiting(closed)
        for waiter in requests.lost() { waiter.resume(throwing: closed) }
        let connection = connection
        self.connection = nil
        subscriptions = [:]
        onStatusChange?(status)
        guard let connection else { return loop.makeSucceededVoidFuture() }
        connection.onLoss = nil
        let promise = loop.makePromise(of: Void.self)
        let limit = loop.scheduleTask(in: .seconds(1)) { promise.succeed() }
        connection.whenTaken { promise.succeed() }
        return promise.futureResult.always { _ in
            limit.cancel()
            connection.close(closed)
        }
    }
}

/// What a connection could not be made for, in a few words.
private func describeConnectFailure(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
        guard let attempt = error.connectionErrors.first else { return "the host name cannot be resolved" }
        return describeConnectFailure(attempt.error)
    case let error as IOError: return error.errnoCode == 111 ? "Connection refused" : String(describing: error)
    case ChannelError.connectTimeout: return "no connection within the dialTimeout"
    default: return String(describing: error)
    }
}
