@testable import MechaResiliency

/// A moment so many seconds after the begin of a test.
func second(_ number: Double) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: 1_000_000_000_000) + .seconds(number)
}

/// Chance that always answers the same.
struct FixedGenerator: RandomNumberGenerator {
    var value: UInt64
    mutating func next() -> UInt64 { value }

    static let lowest = FixedGenerator(value: 0)
    static let highest = FixedGenerator(value: .max)
}
