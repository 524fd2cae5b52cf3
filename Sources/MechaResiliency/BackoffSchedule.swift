import MechaCore

/// The pauses of one run of attempts.
public struct BackoffSchedule: Sendable, Hashable {
    public let backoff: Backoff
    /// Pauses given since the begin or the last ``reset()``.
    public private(set) var attempts = 0
    private var current: Duration

    public init(_ backoff: Backoff) {
        self.backoff = backoff
        current = min(backoff.initial, backoff.maximum)
    }

    /// The pause before the next attempt.
    public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let pause = current.inSeconds
        attempts += 1
        current = min(backoff.maximum, .seconds(pause * backoff.multiplier))
        // 0 ..< 1 from one draw, so that a generator that repeats itself cannot hold the schedule up.
        let chance = Double(generator.next() >> 11) * 0x1p-53
        return .seconds(pause * (1 - backoff.jitter + 2 * backoff.jitter * chance))
    }

    /// Begins anew, after a success.
    public mutating func reset() { self = BackoffSchedule(backoff) }
}
