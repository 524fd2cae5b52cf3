import MechaCore
import NIOCore

/// The life of a link to one server over many connections. Knows no channel, no clock and no timer;
/// ``RedisLink`` does what it says.
///
/// Calls wait only while a connection is being made to a server not known to be away, and only for a
/// bounded time. After a failed attempt they fail at once, until an attempt in the background succeeds.
struct RedisLinkMachine {
    enum Phase {
        case idle
        /// `failures` attempts in a row have failed before this one.
        case connecting(failures: Int)
        case ready(since: NIODeadline)
        case pausing(failures: Int)
        case closed
    }

    private(set) var phase = Phase.idle
    private var failures = 0
    /// Why the last attempt or connection ended.
    private(set) var lastFailure: CapabilityError?
    /// Calls no longer wait for the attempt under way.
    private var hasWaitedEnough = false
    private let stableTime: TimeAmount

    init(stableTime: TimeAmount) { self.stableTime = stableTime }

    enum CallAction {
        case wait
        case connectAndWait
        case fail(CapabilityError)
    }

    /// A call came while there is no connection.
    mutating func callArrived() -> CallAction {
        switch phase {
        case .idle:
            phase = .connecting(failures: 0)
            hasWaitedEnough = false
            return .connectAndWait
        case .connecting(failures: 0) where !hasWaitedEnough: return .wait
        case .connecting, .pausing: return .fail(unavailable)
        case .ready: return .fail(CapabilityError(.unavailable, "the Redis connection is changing"))
        case .closed: return .fail(CapabilityError(.closed, "the Redis component is closed"))
        }
    }

    /// Someone wants the link to be up although no call needs it yet. True: connect.
    mutating func wake() -> Bool {
        guard case .idle = phase else { return false }
        phase = .connecting(failures: 0)
        hasWaitedEnough = false
        return true
    }

    /// Another link has reached the server, so that calls wait for this one again. True: connect now.
    mutating func serverIsBack() -> Bool {
        switch phase {
        case .pausing: break
        case .connecting(let failures) where failures > 0: break
        case .idle, .connecting, .ready, .closed: return false
        }
        let isPausing = if case .pausing = phase { true } else { false }
        phase = .connecting(failures: 0)
        hasWaitedEnough = false
        return isPausing
    }

    /// True: use it. False: the link is closed meanwhile, drop it.
    mutating func connected(at now: NIODeadline) -> Bool {
        guard case .connecting = phase else { return false }
        phase = .ready(since: now)
        lastFailure = nil
        return true
    }

    enum FailureAction: Equatable {
        case none
        /// Try again after a pause that grows with the number of failures.
        case pause(failures: Int)
        /// Try again now.
        case connect
    }

    /// An attempt failed: waiting calls fail, and another attempt follows later.
    mutating func attemptFailed(_ reason: CapabilityError) -> FailureAction {
        guard case .connecting = phase else { return .none }
        return pause(reason)
    }

    /// A connection that was ready is gone.
    mutating func connectionLost(_ reason: CapabilityError, at now: NIODeadline) -> FailureAction {
        guard case .ready(let since) = phase else { return .none }
        guard now - since >= stableTime else { return pause(reason) }
        lastFailure = reason
        failures = 0
        phase = .connecting(failures: 0)
        hasWaitedEnough = false
        return .connect
    }

    /// The pause is over. True: connect.
    mutating func pauseEnded() -> Bool {
        guard case .pausing(let failures) = phase else { return false }
        phase = .connecting(failures: failures)
        return true
    }

    /// Calls have waited as long as they may for the attempt under way; the next ones do not.
    mutating func waitEnded() { hasWaitedEnough = true }

    mutating func close() { phase = .closed }

    /// For calls that cannot be served now.
    var unavailable: CapabilityError {
        guard let lastFailure else { return CapabilityError(.unavailable, "Redis cannot be reached yet") }
        let code: CapabilityError.Code = lastFailure.code == .misconfigured ? .misconfigured : .unavailable
        return CapabilityError(code, "Redis cannot be reached: \(lastFailure.message)", cause: lastFailure.cause)
    }

    private mutating func pause(_ reason: CapabilityError) -> FailureAction {
        failures += 1
        lastFailure = reason
        phase = .pausing(failures: failures)
        return .pause(failures: failures)
    }
}
