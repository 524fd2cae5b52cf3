import NIOCore

/// The id of a stream entry: milliseconds and a sequence number (`1700000000000-0`).
struct RedisStreamID: Hashable, Comparable, Sendable {
    var milliseconds: UInt64
    var sequence: UInt64

    init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Nil for anything that is not two whole numbers with a hyphen between them.
    init?(_ bytes: ByteBuffer) {
        let parts: (UInt64, UInt64)? = bytes.withUnsafeReadableBytes { bytes in
            guard let hyphen = bytes.firstIndex(of: UInt8(ascii: "-")), let first = Self.number(bytes[..<hyphen]),
                let second = Self.number(bytes[(hyphen + 1)...])
            else { return nil }
            return (first, second)
        }
        guard let parts else { return nil }
        (milliseconds, sequence) = parts
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(digit - 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    var text: String { "\(milliseconds)-\(sequence)" }

    /// The least id above this one; nil after the last.
    var next: RedisStreamID? {
        if sequence < .max { return RedisStreamID(milliseconds: milliseconds, sequence: sequence + 1) }
        return milliseconds < .max ? RedisStreamID(milliseconds: milliseconds + 1, sequence: 0) : nil
    }

    static func < (a: RedisStreamID, b: RedisStreamID) -> Bool {
        (a.milliseconds, a.sequence) < (b.milliseconds, b.sequence)
    }
}
