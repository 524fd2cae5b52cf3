import MechaCore

/// The life of a link to any of several servers over many connections: whom to try, when to pause, whether
/// calls wait. Knows no channel and no timer.
struct NATSLinkMachine {
    enum Phase: Equatable {
        case idle, connecting, ready, pausing, closed
    }

    private(set) var phase = Phase.idle
    private var servers: [NATSAddress]
    private var next = 0
    /// Attempts in a row that failed.
    private var failures = 0
    private(set) var lastFailure: CapabilityError?

    init(servers: [NATSAddress]) { self.servers = servers }

    enum CallAction: Equatable { case connectAndWait, wait, fail }

    /// A call came while there is no connection.
    mutating func callArrived() -> CallAction {
        switch phase {
        case .idle:
            phase = .connecting
            return .connectAndWait
        case .connecting where failures == 0: return .wait
        default: return .fail
        }
    }

    /// Someone wants the link to be up although no call needs it yet. True: connect.
    mutating func wake() -> Bool {
        guard phase == .idle else { return false }
        phase = .connecting
        return true
    }

    /// The server to try now.
    var server: NATSAddress { servers[next % servers.count] }

    /// True: use it. False: the link is closed meanwhile, drop it.
    mutating func connected() -> Bool {
        guard phase == .connecting else { return false }
        phase = .ready
        failures = 0
        lastFailure = nil
        return true
    }

    enum FailureAction: Equatable {
        case none
        /// Try the next server now.
        case connect
        /// All were tried: try again after a pause that grows with the number of rounds.
        case pause(rounds: Int)
    }

    mutating func attemptFailed(_ reason: CapabilityError) -> FailureAction {
        guard phase == .connecting else { return .none }
        lastFailure = reason
        failures += 1
        next = (next + 1) % servers.count
        guard failures % servers.count == 0 else { return .connect }
        phase = .pausing
        return .pause(rounds: failures / servers.count)
    }

    /// A connection that was ready is gone. With one server there is a pause, so that one that accepts and
    /// drops is not hammered.
    mutating func connectionLost(_ reason: CapabilityError) -> FailureAction {
        guard phase == .ready else { return .none }
        lastFailure = reason
        next = (next + 1) % servers.count
        phase = .pausing
        return .pause(rounds: 1)
    }

    /// The pause is over. True: connect.
    mutating func pauseEnded() -> Bool {
        guard phase == .pausing else { return false }
        phase = .connecting
        return true
    }

    mutating func close() { phase = .closed }

    /// For calls that cannot be served now.
    var unavailable: CapabilityError {
        if phase == .closed { return CapabilityError(.closed, "the NATS component is closed") }
        guard let lastFailure else { return CapabilityError(.unavailable, "NATS cannot be reached yet") }
        let code: CapabilityError.Code = lastFailure.code == .misconfigured ? .misconfigured : .unavailable
        return CapabilityError(code, "NATS cannot be reached: \(lastFailure.message)", cause: lastFailure.cause)
    }

    var status: ComponentStatus {
        switch phase {
        case .ready: .ready
        case .closed: ComponentStatus(.closed)
        case .idle, .connecting, .pausing: ComponentStatus(.connecting, reason: lastFailure?.message)
        }
    }
}
