import MechaCore

/// The attempts of one call under a ``RetryPolicy``.
public struct RetrySchedule: Sendable {
    public enum Decision: Sendable, Hashable {
        case retry(after: Duration)
        case giveUp(Reason)
    }

    public enum Reason: Sendable, Hashable {
        /// The policy does not cover this failure.
        case notRetryable
        case retriesExhausted
        case timeExhausted
    }

    public let policy: RetryPolicy
    private let start: MonotonicInstant
    private var pauses: BackoffSchedule

    /// Begins with the first attempt.
    public init(_ policy: RetryPolicy, startingAt start: MonotonicInstant) {
        self.policy = policy
        self.start = start
        pauses = BackoffSchedule(policy.backoff)
    }

    /// Retries asked for so far.
    public var retries: Int { pauses.attempts }

    /// What to do about a failed attempt.
    public mutating func attemptFailed(
        _ failure: CallFailure, at now: MonotonicInstant, using generator: inout some RandomNumberGenerator
    ) -> Decision {
        guard policy.matches(failure) else { return .giveUp(.notRetryable) }
        if let limit = policy.maximumRetries, retries >= limit { return .giveUp(.retriesExhausted) }
        var following = pauses
        let pause = following.next(using: &generator)
        if let limit = policy.maximumElapsed, now.since(start) + pause > limit { return .giveUp(.timeExhausted) }
        pauses = following
        return .retry(after: pause)
    }
}
