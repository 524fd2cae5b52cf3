import Logging
import MechaCore
import MechaResiliency
import MechaWire
import NIOCore

/// A lasting link to the broker under one client id: at most one connection at a time, made again whenever it is lost.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class MQTTLink: @unchecked Sendable {
    let loop: any EventLoop
    private let configuration: MQTTConfiguration
    private let connect: MQTTConnect
    private let logger: Logger
    private var machine = Reconnection()
    private var generator = SystemRandomNumberGenerator()
    private var connection: MQTTConnection?
    private var pauseTimer: Scheduled<Void>?
    private var closed: EventLoopPromise<Void>?
    private var isRenewing = false

    /// A connection is ready; nothing was written to it yet.
    var onReady: ((MQTTConnack) -> Void)?
    var onPacket: ((MQTTPacket) -> Void)?
    /// The connection that was ready is gone; another is being made.
    var onDown: (() -> Void)?
    /// An attempt to connect has failed; others follow.
    var onUnreachable: ((CapabilityError) -> Void)?
    var onStatusChange: ((ComponentStatus) -> Void)?

    init(loop: any EventLoop, configuration: MQTTConfiguration, connect: MQTTConnect, logger: Logger) {
        self.loop = loop
        self.configuration = configuration
        self.connect = connect
        self.logger = logger
    }

    var status: ComponentStatus { machine.status }
    var isReady: Bool { machine.phase == .ready }
    var isClosed: Bool { machine.phase == .closed }
    var isKnownToBeAway: Bool { machine.isKnownToBeAway }

    /// For calls that cannot be served now.
    var unavailable: CapabilityError {
        let failure = machine.lastFailure
        return CapabilityError(.unavailable, failure?.message ?? "the MQTT server cannot be reached yet", cause: failure?.cause)
    }

    func wake() { perform(machine.wake()) }

    func write(_ packet: MQTTPacket) {
        if isReady { connection?.write(packet) }
    }

    /// Finds out whether the server still answers.
    func probe() {
        if isReady { connection?.probe() }
    }

    /// Drops the connection for a new one.
    func reconnect(_ reason: CapabilityError) {
        guard isReady else { return }
        isRenewing = true
        connection?.close(reason)
    }

    /// Sends what is unsent and closes for good.
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
            connection.close(CapabilityError(.closed, "the MQTT component is closed"))
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
        let connection = MQTTConnection(loop: loop, connect: connect, limits: configuration.limits, peerName: configuration.dialer.peerName)
        self.connection = connection
        let deadline = loop.scheduleTask(in: configuration.dialTimeout) { [configuration] in
            connection.close(
                CapabilityError(.unavailable, "the MQTT server at \(configuration.dialer.peerName) did not greet in time (dialTimeout)"))
        }
        connection.onReady = { [self] connack in
            deadline.cancel()
            ready(connack)
        }
        connection.onPacket = { [self] packet in onPacket?(packet) }
        connection.onOversized = { [self] bytes in
            logger.error("a message of \(bytes) bytes is beyond maxPacketSize: it was passed over and not acknowledged")
        }
        connection.onLoss = { [self] reason in
            deadline.cancel()
            lost(reason)
        }
        configuration.dialer.connect(on: loop) { connection }.whenFailure { error in
            connection.close(error as? CapabilityError ?? CapabilityError(.unavailable, "no connection to the MQTT server", cause: error))
        }
    }

    private func ready(_ connack: MQTTConnack) {
        guard machine.connected(at: now) else { return }
        onStatusChange?(status)
        onReady?(connack)
    }

    private func lost(_ reason: CapabilityError) {
        connection = nil
        switch machine.phase {
        case .closed:
            closed?.succeed()
        case .ready:
            onDown?()
            if isRenewing {
                isRenewing = false
                return perform(machine.renewed())
            }
            logger.warning("the connection to the MQTT server is lost: \(reason.message)")
            let action = machine.lost(reason, at: now, using: &generator)
            if machine.phase == .pausing { onUnreachable?(unavailable) }
            perform(action)
        case .connecting:
            if machine.lastFailure?.message != reason.message { logger.warning("no MQTT: \(reason.message)") }
            let action = machine.failed(reason, using: &generator)
            onUnreachable?(unavailable)
            perform(action)
        case .idle, .pausing: break
        }
    }

    private var now: MonotonicInstant { MonotonicInstant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }
}
