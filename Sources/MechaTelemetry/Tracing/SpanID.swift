/// The 8 bytes that name one span within its trace (W3C Trace Context: parent-id).
public struct SpanID: Sendable, Hashable {
    public var value: UInt64

    public init(_ value: UInt64) { self.value = value }

    /// All zeros stands for no span.
    public var isValid: Bool { value != 0 }

    /// 16 lower-case hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 16) { text in
            Hex.write(value, to: text, at: 0)
            return 16
        }
    }

    /// As OTLP carries it.
    public var bytes: [UInt8] { Hex.bigEndian(value) }
}
