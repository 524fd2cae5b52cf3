import MechaCore

/// Leaves a failing target alone for a while.
///
/// Closed, calls pass and are counted; when the trip condition holds after a failure it opens. Open, calls
/// are refused. After a timeout it is half open: a few trial calls pass, and their success closes it, a
/// failure opens it again. Each change begins a new generation with counts of zero; calls that began in an
/// earlier one no longer count.
public struct CircuitBreaker: Sendable {
    public enum State: String, Sendable, CaseIterable {
        case closed
        case halfOpen = "half-open"
        case open
    }

    /// Right to make one call; to be given back by ``finish(_:_:at:)``.
    public struct Permit: Sendable, Hashable {
        fileprivate let generation: UInt64
    }

    public enum Admission: Sendable, Hashable {
        case admitted(Permit)
        /// Open, or enough trial calls are under way.
        case refused
    }

    public enum Outcome: Sendable, Hashable {
        case success
        case failure
        /// Given up by the caller; says nothing of the target.
        case cancelled
    }

    public let settings: Settings
    public private(set) var counts = Counts()
    /// As of the last call of any method; ``refresh(at:)`` brings it up to date.
    public private(set) var state = State.closed
    private var generation: UInt64 = 0
    /// When the state ends by itself: the counting interval of closed, the timeout of open.
    private var expiry: MonotonicInstant?

    public init(_ settings: Settings = Settings(), at now: MonotonicInstant) {
        self.settings = settings
        expiry = settings.interval.map { now + $0 }
    }

    /// Asks to make a call.
    public mutating func request(at now: MonotonicInstant) -> Admission {
        refresh(at: now)
        switch state {
        case .open: return .refused
        case .halfOpen where counts.requests >= settings.maximumTrialRequests: return .refused
        case .halfOpen, .closed:
            counts.requests += 1
            return .admitted(Permit(generation: generation))
        }
    }

    /// Tells how an admitted call ended. The clock is not asked where time changes nothing.
    public mutating func finish(_ permit: Permit, _ outcome: Outcome, at now: @autoclosure () -> MonotonicInstant) {
        refresh(at: now())
        guard permit.generation == generation else { return }
        counts.record(outcome)
        switch (state, outcome) {
        case (.closed, .failure) where settings.trips(counts): enter(.open, at: now())
        case (.halfOpen, .failure): enter(.open, at: now())
        case (.halfOpen, .success) where counts.consecutiveSuccesses >= settings.maximumTrialRequests: enter(.closed, at: now())
        default: break
        }
    }

    /// Lets time pass.
    public mutating func refresh(at now: @autoclosure () -> MonotonicInstant) {
        guard let expiry, now() >= expiry else { return }
        enter(state == .open ? .halfOpen : .closed, at: now())
    }

    private mutating func enter(_ next: State, at now: MonotonicInstant) {
        state = next
        generation += 1
        counts = Counts()
        switch next {
        case .closed: expiry = settings.interval.map { now + $0 }
        case .open: expiry = now + settings.timeout
        case .halfOpen: expiry = nil
        }
    }
}
