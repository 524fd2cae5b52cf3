import MechaCore

/// The life of a driver's link to its server over many connections: connect, use, lose, pause, connect again.
/// Knows no channel, clock or timer.
public struct Reconnection: Sendable {
    public enum Phase: Sendable, Hashable {
        case idle, connecting, ready, pausing, closed
    }

    public enum Action: Sendable, Hashable {
        case none, connect
        /// Connect after so long, by ``pauseEnded()``.
        case pause(Duration)
    }

    public private(set) var phase = Phase.idle
    /// Why the last attempt or connection ended; nil once a connection is ready.
    public private(set) var lastFailure: CapabilityError?
    private var schedule: BackoffSchedule
    private var readySince = MonotonicInstant(nanoseconds: 0)
    /// A connection that lived shorter counts as a failed attempt, so that a server which accepts and drops is
    /// not hammered.
    private let stableTime: Duration

    public init(_ backoff: Backoff = .reconnection, stableTime: Duration = .seconds(1)) {
        schedule = BackoffSchedule(backoff)
        self.stableTime = stableTime
    }

    /// Attempts have failed since the last connection that lasted, so that another one is not worth waiting for.
    public var isKnownToBeAway: Bool { lastFailure != nil && phase != .ready }

    /// Someone wants the link to be up.
    public mutating func wake() -> Action {
        guard phase == .idle else { return .none }
        phase = .connecting
        return .connect
    }

    /// True: use the connection. False: the link was closed meanwhile, drop it.
    public mutating func connected(at now: MonotonicInstant) -> Bool {
        guard phase == .connecting else { return false }
        phase = .ready
        lastFailure = nil
        readySince = now
        return true
    }

    /// An attempt to connect failed.
    public mutating func failed(_ reason: CapabilityError, using generator: inout some RandomNumberGenerator) -> Action {
        guard phase == .connecting else { return .none }
        return pause(reason, &generator)
    }

    /// The connection that was ready is gone.
    public mutating func lost(
        _ reason: CapabilityError, at now: MonotonicInstant, using generator: inout some RandomNumberGenerator
    ) -> Action {
        guard phase == .ready else { return .none }
        guard now.since(readySince) >= stableTime else { return pause(reason, &generator) }
        schedule.reset()
        phase = .connecting
        return .connect
    }

    /// The connection that was ready was given up for a new one, by the driver's own wish.
    public mutating func renewed() -> Action {
        guard phase == .ready else { return .none }
        phase = .connecting
        return .connect
    }

    /// The pause is over.
    public mutating func pauseEnded() -> Action {
        guard phase == .pausing else { return .none }
        phase = .connecting
        return .connect
    }

    public mutating func close() { phase = .closed }

    /// How the component stands with its server.
    public var status: ComponentStatus {
        switch phase {
        case .ready: .ready
        case .closed: ComponentStatus(.closed)
        case .idle, .connecting, .pausing: ComponentStatus(.connecting, reason: lastFailure?.message)
        }
    }

    private mutating func pause(_ reason: CapabilityError, _ generator: inout some RandomNumberGenerator) -> Action {
        lastFailure = reason
        phase = .pausing
        return .pause(schedule.next(using: &generator))
    }
}
