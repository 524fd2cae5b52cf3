import NIOCore

/// How long to wait before another attempt: doubling from the least to the greatest, half of it random, so
/// that many loops and processes do not come back at the same moment.
final class NATSBackoff {
    private let minimum: Int64
    private let maximum: Int64
    private var generator: any RandomNumberGenerator

    init(_ limits: NATSLimits, generator: any RandomNumberGenerator = SystemRandomNumberGenerator()) {
        minimum = max(1, limits.minimumRetryInterval.nanoseconds)
        maximum = max(minimum, limits.maximumRetryInterval.nanoseconds)
        self.generator = generator
    }

    /// The pause after the `failures`-th failure in a row (1 is the first).
    func delay(afterFailures failures: Int) -> TimeAmount {
        let (grown, overflow) = minimum.multipliedReportingOverflow(by: 1 << min(max(0, failures - 1), 40))
        let ceiling = overflow ? maximum : min(grown, maximum)
        return .nanoseconds(ceiling / 2 + Int64.random(in: 0...(ceiling - ceiling / 2), using: &generator))
    }
}
