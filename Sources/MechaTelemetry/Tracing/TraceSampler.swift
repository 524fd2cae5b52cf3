/// Which traces are recorded: what the parent decided, and of traces that begin here a fixed share.
public struct TraceSampler: Sendable {
    /// Dapr's share when `samplingRate` is not given.
    public static let defaultRate = 0.0001

    /// The share of new traces, 0 to 1.
    public let rate: Double
    /// The share as a bound for the lower 63 bits of a trace id.
    private let threshold: UInt64

    /// - Parameter rate: clamped to 0...1.
    public init(rate: Double) {
        self.rate = min(1, max(0, rate.isNaN ? 0 : rate))
        threshold = UInt64(self.rate * 0x1p63)
    }

    /// Reads `tracing.samplingRate` of a Configuration: a number from 0 to 1 as text; empty means the
    /// default. Nil for anything else.
    public init?(samplingRate text: String) {
        guard !text.isEmpty else {
            self.init(rate: Self.defaultRate)
            return
        }
        guard let rate = Double(text), (0...1).contains(rate) else { return nil }
        self.init(rate: rate)
    }

    /// Whether the trace is recorded. The decision for a new trace depends on its id alone, so all parts of
    /// a system that use one rate decide alike.
    public func shouldSample(_ traceID: TraceID, parent: TraceContext?) -> Bool {
        parent?.isSampled ?? (traceID.low >> 1 < threshold)
    }
}
