/// Hexadecimal digits of ids, without a trip through `String` arithmetic.
enum Hex {
    /// Writes 16 lower-case digits.
    @inline(__always)
    static func write(_ value: UInt64, to text: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        for index in 0..<16 {
            text[start + index] = digit(UInt8(truncatingIfNeeded: value >> UInt64(60 - index * 4)) & 0xf)
        }
    }

    @inline(__always)
    static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }

    /// Reads `count` (at most 16) lower-case digits; nil when one is anything else.
    @inline(__always)
    static func read(_ text: UnsafeRawBufferPointer, at start: Int, count: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in start..<start + count {
            let byte = text[index]
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x57)
            default: return nil
            }
        }
        return value
    }

    static func bigEndian(_ value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
