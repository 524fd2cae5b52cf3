import Synchronization

/// Makes trace and span ids at the price of one atomic addition each.
///
/// A counter is stepped by an odd constant and its value scrambled (SplitMix64): ids of one generator do not
/// repeat within 2^64 steps, and the random start keeps processes apart. Ids are not secrets.
public final class TraceIDGenerator: Sendable {
    private let counter: Atomic<UInt64>
    private let key: UInt64

    public convenience init() {
        var random = SystemRandomNumberGenerator()
        self.init(seed: random.next(), key: random.next())
    }

    /// A generator whose ids can be foretold, for tests.
    public init(seed: UInt64, key: UInt64) {
        counter = Atomic(seed)
        self.key = key
    }

    public func traceID() -> TraceID { TraceID(high: next() ^ key, low: nonZero()) }

    public func spanID() -> SpanID { SpanID(nonZero()) }

    private func nonZero() -> UInt64 {
        let value = next()
        return value == 0 ? next() : value
    }

    private func next() -> UInt64 {
        var value = counter.wrappingAdd(0x9e37_79b9_7f4a_7c15, ordering: .relaxed).newValue
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
