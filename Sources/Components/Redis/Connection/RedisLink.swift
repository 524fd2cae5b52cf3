import MechaCore
import NIOCore

/// A lasting link to one server: at most one connection at a time, made when first needed and again
/// whenever it is lost.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class RedisLink: @unchecked Sendable {
    let loop: any EventLoop
    private let limits: RedisLimits
    private let backoff: RedisBackoff
    private let makeConnection: @Sendable () -> EventLoopFuture<RedisConnection>
    private var machine: RedisLinkMachine
    private var generator = SystemRandomNumberGenerator()
    /// Set exactly while requests can be sent.
    private var connection: RedisConnection?
    private var waiting = CircularBuffer<WaitingCall>()
    private var waitingBytes = 0
    private var waitTimer: Scheduled<Void>?
    private var pauseTimer: Scheduled<Void>?
    private var drained: EventLoopPromise<Void>?

    /// Called after every change of ``status``.
    var onStatusChange: (() -> Void)?
    /// Called when a connection is lost or cannot be made.
    var onFailure: (() -> Void)?
    /// Called when there is a connection, unless another link had told of the server: then those who care know.
    var onReachable: (() -> Void)?
    private var wasTold = false

    private struct WaitingCall {
        var bytes: ByteBuffer
        var replies: Int
        var timeout: TimeAmount?
        var waiter: RedisWaiter
    }

    /// `makeConnection` is called on `loop`.
    init(
        loop: any EventLoop, configuration: RedisConfiguration,
        makeConnection: @escaping @Sendable () -> EventLoopFuture<RedisConnection>
    ) {
        self.loop = loop
        self.makeConnection = makeConnection
        limits = configuration.limits
        backoff = RedisBackoff(minimum: configuration.minimumRetryInterval, maximum: configuration.maximumRetryInterval)
        machine = RedisLinkMachine(stableTime: configuration.limits.stableConnectionTime)
    }

    var status: ComponentStatus {
        switch machine.phase {
        case .ready: .ready
        case .idle, .connecting, .pausing: ComponentStatus(.connecting, reason: machine.lastFailure?.message)
        case .closed: ComponentStatus(.closed)
        }
    }

    // MARK: - Calls

    /// Sends a request, or lets it wait for the connection that is being made.
    func send(
        replies: Int, timeout: TimeAmount? = nil, isAsking: Bool = false, to waiter: RedisWaiter,
        _ encode: (inout RESPWriter) -> Void
    ) {
        if let connection {
            return connection.send(replies: replies, timeout: timeout, isAsking: isAsking, to: waiter, encode)
        }
        var isFirst = false
        switch machine.callArrived() {
        case .fail(let error): return waiter.fail(error)
        case .wait: break
        case .connectAndWait: isFirst = true
        }
        guard waiting.count < limits.callsWaitingForConnection, waitingBytes < limits.bytesWaitingForConnection else {
            return waiter.fail(
                CapabilityError(
                    .resourceExhausted,
                    "too many calls wait for the connection to Redis (callsWaitingForConnection, bytesWaitingForConnection)"))
        }
        var writer = RESPWriter()
        writer.isAsking = isAsking
        encode(&writer)
        waiting.append(WaitingCall(bytes: writer.buffer, replies: replies, timeout: timeout, waiter: waiter))
        waitingBytes += writer.buffer.readableBytes
        armWaitTimer()
        if isFirst { connect() }
    }

    /// The driver's own requests.
    func request(_ commands: [[String]]) -> EventLoopFuture<[RESPValue]> {
        let promise = loop.makePromise(of: RedisReplies.self)
        send(replies: commands.count, to: .driver(promise)) { writer in
            for command in commands { writer.command(command) }
        }
        return promise.futureResult.flatMapThrowing { try $0.values() }
    }

    /// Connects, although no call needs it yet.
    func wake() {
        if machine.wake() { connect() }
    }

    /// Connects without waiting for the end of the pause: another link has found the server back.
    func retryNow() {
        guard machine.serverIsBack() else { return }
        pauseTimer?.cancel()
        wasTold = true
        connect()
    }

    /// Drops the connection and makes another, because the server turned out to be the wrong one.
    func reconnect(_ reason: CapabilityError) {
        connection?.close(reason)
    }

    /// Finishes what is in flight, then stays closed.
    func close() -> EventLoopFuture<Void> {
        machine.close()
        pauseTimer?.cancel()
        failWaiting(CapabilityError(.closed, "the Redis component is closed"))
        guard let connection, drained == nil else {
            return drained?.futureResult ?? loop.makeSucceededVoidFuture()
        }
        let promise = loop.makePromise(of: Void.self)
        drained = promise
        self.connection = nil
        connection.drain()
        onStatusChange?()
        return promise.futureResult
    }

    // MARK: - Connecting

    private func connect() {
        onStatusChange?()
        makeConnection().whenComplete { outcome in
            switch outcome {
            case .success(let connection): self.connected(connection)
            case .failure(let error):
                self.attemptFailed(error as? CapabilityError ?? CapabilityError(.unavailable, "no connection to Redis", cause: error))
            }
        }
    }

    private func connected(_ connection: RedisConnection) {
        guard connection.isOpen else {
            return attemptFailed(CapabilityError(.unavailable, "the connection to Redis was lost at once"))
        }
        guard machine.connected(at: .now()) else {
            return connection.close(CapabilityError(.closed, "the Redis component is closed"))
        }
        // Before any call is answered here, so that nobody who heard an answer is refused elsewhere.
        if !wasTold { onReachable?() }
        wasTold = false
        connection.onLoss = { [self] reason in lost(reason) }
        self.connection = connection
        waitTimer?.cancel()
        waitTimer = nil
        waitingBytes = 0
        while let call = waiting.popFirst() {
            connection.send(replies: call.replies, timeout: call.timeout, to: call.waiter) { $0.append(call.bytes) }
        }
        onStatusChange?()
    }

    private func lost(_ reason: CapabilityError) {
        connection = nil
        drained?.succeed()
        perform(machine.connectionLost(reason, at: .now()))
    }

    private func attemptFailed(_ reason: CapabilityError) {
        wasTold = false
        perform(machine.attemptFailed(reason))
    }

    private func perform(_ action: RedisLinkMachine.FailureAction) {
        switch action {
        case .none: return
        case .connect: connect()
        case .pause(let failures):
            // First, so that nobody whose call failed reads a status from before.
            onStatusChange?()
            failWaiting(machine.unavailable)
            let delay = backoff.delay(afterFailures: failures, using: &generator)
            pauseTimer = loop.scheduleTask(in: delay) { [self] in
                if machine.pauseEnded() { connect() }
            }
        }
        onFailure?()
    }

    // MARK: - Waiting

    private func armWaitTimer() {
        guard waitTimer == nil else { return }
        waitTimer = loop.scheduleTask(in: limits.connectionWait) { [self] in
            waitTimer = nil
            machine.waitEnded()
            failWaiting(machine.unavailable)
        }
    }

    private func failWaiting(_ error: CapabilityError) {
        waitTimer?.cancel()
        waitTimer = nil
        let calls = waiting
        waiting.removeAll()
        waitingBytes = 0
        for call in calls { call.waiter.fail(error) }
    }
}
