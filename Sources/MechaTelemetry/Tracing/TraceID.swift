/// The 16 bytes that all spans of one trace share (W3C Trace Context).
public struct TraceID: Sendable, Hashable {
    /// The first eight bytes, most significant first.
    public var high: UInt64
    /// The last eight bytes.
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// All zeros stands for no trace.
    public var isValid: Bool { high | low != 0 }

    /// 32 lower-case hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 32) { text in
            Hex.write(high, to: text, at: 0)
            Hex.write(low, to: text, at: 16)
            return 32
        }
    }

    /// As OTLP carries it.
    public var bytes: [UInt8] { Hex.bigEndian(high) + Hex.bigEndian(low) }
}
