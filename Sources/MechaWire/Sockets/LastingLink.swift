import Logging
import MechaCore
import MechaResiliency
import NIOCore

/// A lasting link to a server: at most one connection at a time, made again whenever it is lost.
///
/// Confined to its event loop, hence the unchecked Sendable.
package final class LastingLink<Connection: LastingConnection>: @unchecked Sendable {
    /// What is dialled and how it is called in messages.
    package struct Settings: Sendable {
        package var dialer: SocketDialer
        /// Until the server has let the driver in, the connection included.
        package var dialTimeout: TimeAmount
        package var reconnection: Backoff
        /// As in "SERVER at 127.0.0.1:5672 did not greet in time".
        package var server: String
        /// As in "the COMPONENT component is closed".
        package var component: String

        package init(dialer: SocketDialer, dialTimeout: TimeAmount, reconnection: Backoff, server: String, component: String) {
            self.dialer = dialer
            self.dialTimeout = dialTimeout
            self.reconnection = reconnection
            self.server = server
            self.component = component
        }
    }

    package let loop: any EventLoop
    private let settings: Settings
    private let logger: Logger
    private let make: () -> Connection
    private var machine: Reconnection
    private var generator = SystemRandomNumberGenerator()
    /// The one that is there or being made.
    package private(set) var connection: Connection?
    private var pauseTimer: Scheduled<Void>?
    private var closed: EventLoopPromise<Void>?
    private var isRenewing = false

    /// A connection is about to be made; what calls back beside ``LastingConnection``'s members can be set.
    package var onMade: ((Connection) -> Void)?
    /// A connection is ready; nothing was written to it yet.
    package var onReady: ((Connection, Connection.Greeting) -> Void)?
    /// The connection that was ready is gone; another is being made unless the link is closed.
    package var onDown: (() -> Void)?
    /// An attempt to connect has failed; others follow.
    package var onUnreachable: ((CapabilityError) -> Void)?
    package var onStatusChange: ((ComponentStatus) -> Void)?

    /// - Parameter make: makes the handler of a connection.
    package init(loop: any EventLoop, settings: Settings, logger: Logger, make: @escaping () -> Connection) {
        self.loop = loop
        self.settings = settings
        self.logger = logger
        self.make = make
        machine = Reconnection(settings.reconnection)
    }

    package var status: ComponentStatus { machine.status }
    package var isReady: Bool { machine.phase == .ready }
    package var isClosed: Bool { machine.phase == .closed }
    package var isKnownToBeAway: Bool { machine.isKnownToBeAway }

    /// For calls that cannot be served now.
    package var unavailable: CapabilityError {
        let failure = machine.lastFailure
        return CapabilityError(.unavailable, failure?.message ?? "\(settings.server) cannot be reached yet", cause: failure?.cause)
    }

    package func wake() { perform(machine.wake()) }

    /// Drops the connection for a new one.
    package func reconnect(_ reason: CapabilityError) {
        guard isReady else { return }
        isRenewing = true
        connection?.close(reason)
    }

    /// Closes for good, in an orderly way when there is a connection.
    package func close() -> EventLoopFuture<Void> {
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
            connection.close(CapabilityError(.closed, "the \(settings.component) component is closed"))
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
        let connection = make()
        self.connection = connection
        onMade?(connection)
        let deadline = loop.scheduleTask(in: settings.dialTimeout) { [settings] in
            connection.close(
                CapabilityError(.unavailable, "\(settings.server) at \(settings.dialer.peerName) did not greet in time (dialTimeout)"))
        }
        connection.onReady = { [self] greeting in
            deadline.cancel()
            guard machine.connected(at: now) else { return }
            onStatusChange?(status)
            onReady?(connection, greeting)
        }
        connection.onLoss = { [self] reason in
            deadline.cancel()
            lost(reason)
        }
        settings.dialer.connect(on: loop) { connection }.whenFailure { [settings] error in
            connection.close(
                error as? CapabilityError ?? CapabilityError(.unavailable, "no connection to \(settings.server)", cause: error))
        }
    }

    private func lost(_ reason: CapabilityError) {
        connection = nil
        switch machine.phase {
        case .closed: closed?.succeed()
        case .ready:
            onDown?()
            if isRenewing {
                isRenewing = false
                return perform(machine.renewed())
            }
            logger.warning("the connection to \(settings.server) is lost: \(reason.message)")
            let action = machine.lost(reason, at: now, using: &generator)
            if machine.phase == .pausing { onUnreachable?(unavailable) }
            perform(action)
        case .connecting:
            if machine.lastFailure?.message != reason.message { logger.warning("no \(settings.component): \(reason.message)") }
            let action = machine.failed(reason, using: &generator)
            onUnreachable?(unavailable)
            perform(action)
        case .idle, .pausing: break
        }
    }

    private var now: MonotonicInstant { MonotonicInstant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }
}
