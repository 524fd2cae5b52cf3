import MechaCore

/// The rule by which pauses between attempts grow.
public struct Backoff: Sendable, Hashable {
    public var initial: Duration
    /// Upper bound of the pause before chance is added.
    public var maximum: Duration
    /// Factor from one pause to the next, at least 1.
    public var multiplier: Double
    /// Share of a pause by which chance may shorten or lengthen it, 0 to 1. Keeps many clients that lost
    /// one backend from coming back in step.
    public var jitter: Double

    public init(initial: Duration, maximum: Duration, multiplier: Double, jitter: Double) {
        self.initial = initial
        self.maximum = maximum
        self.multiplier = max(1, multiplier)
        self.jitter = min(max(0, jitter), 1)
    }

    public static func constant(_ pause: Duration) -> Backoff {
        Backoff(initial: pause, maximum: pause, multiplier: 1, jitter: 0)
    }

    /// Dapr's exponential policy: from 500 ms by half more each time, half of it chance.
    public static func exponential(maximum: Duration) -> Backoff {
        Backoff(initial: .milliseconds(500), maximum: maximum, multiplier: 1.5, jitter: 0.5)
    }

    /// For drivers that lost their backend: quick at first, since most losses are restarts, then at most
    /// every 5 s or so.
    public static let reconnection = Backoff(initial: .milliseconds(50), maximum: .seconds(5), multiplier: 2, jitter: 0.25)
}
