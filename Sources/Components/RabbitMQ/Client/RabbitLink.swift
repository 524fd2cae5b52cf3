import Logging
import MechaCore
import MechaResiliency
import MechaWire
import NIOCore

/// A lasting link to RabbitMQ: at most one connection at a time, made again whenever it is lost.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class RabbitLink: @unchecked Sendable {
    let loop: any EventLoop
    private let configuration: RabbitConfiguration
    private let logger: Logger
    private var machine: Reconnection
    private var generator = SystemRandomNumberGenerator()
    private(set) var connection: AMQPConnection?
    private var pauseTimer: Scheduled<Void>?
    private var closed: EventLoopPromise<Void>?

    /// A connection is ready.
    var onReady: ((AMQPConnection) -> Void)?
    var onBlocked: ((String?) -> Void)?
    /// An attempt to connect has failed; others follow.
    var onUnreachable: ((CapabilityError) -> Void)?
    var onStatusChange: ((ComponentStatus) -> Void)?

    init(loop: any EventLoop, configuration: RabbitConfiguration, logger: Logger) {
        self.loop = loop
        self.configuration = configuration
        self.logger = logger
        machine = Reconnection(configuration.reconnection)
    }

    var status: ComponentStatus { machine.status }
    var isReady: Bool { machine.phase == .ready }
    var isClosed: Bool { machine.phase == .closed }
    var isKnownToBeAway: Bool { machine.isKnownToBeAway }

    /// For calls that cannot be served now.
    var unavailable: CapabilityError {
        let failure = machine.lastFailure
        return CapabilityError(.unavailable, failure?.message ?? "RabbitMQ cannot be reached yet", cause: failure?.cause)
    }

    func wake() { perform(machine.wake()) }

    /// Closes for good, in an orderly way when there is a connection.
    func close() -> EventLoopFuture<Void> {
        if let closed { return closed.futureResult }
        let promise = loop.makePromise(of: Void.self)
        closed = promise
        let wasReady = isReady
        machine.close()
        onStatusChange?(status)
        pauseTimer?.cancel()
        guard let connection else {
            promise.succeed()
            return promise.futureResult
        }
        if wasReady {
            connection.disconnect()
        } else {
            connection.close(CapabilityError(.closed, "the RabbitMQ component is closed"))
        }
        return promise.futureResult
    }

    private func perform(_ action: Reconnection.Action) {
        defer { onStatusChange?(status) }
        switch action {
        case .none: break
        case .connect: dial()
        case .pause(let pause):
            pauseTimer = loop.scheduleTask(in: .nanoseconds(pause.wholeNanoseconds)) { [weak self] in
                guard let self else { return }
                perform(machine.pauseEnded())
            }
        }
    }

    private func dial() {
        let connection = AMQPConnection(loop: loop, configuration: configuration)
        self.connection = connection
        let deadline = loop.scheduleTask(in: configuration.dialTimeout) { [configuration] in
            connection.close(
                CapabilityError(.unavailable, "RabbitMQ at \(configuration.dialer.peerName) did not greet in time (dialTimeout)"))
        }
        connection.onReady = { [self] in
            deadline.cancel()
            guard machine.connected(at: now) else { return }
            onStatusChange?(status)
            onReady?(connection)
        }
        connection.onBlocked = { [self] reason in
            if let reason { logger.warning("RabbitMQ takes no messages for now: \(reason)") }
            onBlocked?(reason)
        }
        connection.onLoss = { [self] reason in
            deadline.cancel()
            lost(reason)
        }
        configuration.dialer.connect(on: loop) { connection }.whenFailure { error in
            connection.close(error as? CapabilityError ?? CapabilityError(.unavailable, "no connection to RabbitMQ", cause: error))
        }
    }

    private func lost(_ reason: CapabilityError) {
        connection = nil
        switch machine.phase {
        case .closed: closed?.succeed()
        case .ready:
            logger.warning("the connection to RabbitMQ is lost: \(reason.message)")
            let action = machine.lost(reason, at: now, using: &generator)
            if machine.phase == .pausing { onUnreachable?(unavailable) }
            perform(action)
        case .connecting:
            if machine.lastFailure?.message != reason.message { logger.warning("no RabbitMQ: \(reason.message)") }
            let action = machine.failed(reason, using: &generator)
            onUnreachable?(unavailable)
            perform(action)
        case .idle, .pausing: break
        }
    }

    private var now: MonotonicInstant { MonotonicInstant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }
}
