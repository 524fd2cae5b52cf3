import NIOCore

/// How long to wait before the next attempt to connect: doubling from the least to the greatest, and
/// half of it random, so that many loops and processes do not come back at the same moment.
struct RedisBackoff: Sendable, Equatable {
    var minimum: TimeAmount
    var maximum: TimeAmount

    /// The pause after the `failures`-th failure in a row (1 is the first).
    func delay(afterFailures failures: Int, using generator: inout some RandomNumberGenerator) -> TimeAmount {
        let least = max(1, minimum.nanoseconds)
        let greatest = max(least, maximum.nanoseconds)
        let doublings = min(max(0, failures - 1), 40)
        let (grown, overflow) = least.multipliedReportingOverflow(by: 1 << doublings)
        let ceiling = overflow ? greatest : min(grown, greatest)
        return .nanoseconds(ceiling / 2 + Int64.random(in: 0...(ceiling - ceiling / 2), using: &generator))
    }
}
