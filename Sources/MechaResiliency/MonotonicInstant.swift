import MechaCore

/// A moment of a clock that never runs backwards; only distances between two of them mean something.
public struct MonotonicInstant: Sendable, Hashable, Comparable {
    public var nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturated at the ends of the clock.
    public static func + (moment: Self, duration: Duration) -> Self {
        let distance = duration.wholeNanoseconds
        let (sum, overflow) =
            distance < 0
            ? moment.nanoseconds.subtractingReportingOverflow(distance.magnitude)
            : moment.nanoseconds.addingReportingOverflow(distance.magnitude)
        return Self(nanoseconds: overflow ? (distance < 0 ? .min : .max) : sum)
    }

    /// How long after `earlier` this is; zero when it is not after.
    public func since(_ earlier: Self) -> Duration {
        self <= earlier ? .zero : .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds))
    }
}

extension MechaClock {
    public var monotonicNow: MonotonicInstant { MonotonicInstant(nanoseconds: monotonicNanoseconds()) }
}
