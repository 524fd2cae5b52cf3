#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Byte-level facts of HTTP that parsers and writers share.
enum HTTPBytes {
    /// Whether `byte` may stand in a method or field name (`tchar`, RFC 9110 section 5.6.2).
    @inline(__always)
    static func isTokenByte(_ byte: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: return 0x03ff_6cfa_0000_0000 & bit != 0
        case 1: return 0x57ff_ffff_c7ff_fffe & bit != 0
        default: return false
        }
    }

    /// `name` in lower case; the same string when it is so already.
    static func lowercased(_ name: String) -> String {
        name.utf8.contains { $0 >= 0x41 && $0 <= 0x5a } ? name.lowercased() : name
    }

    static func isToken(_ text: String) -> Bool {
        !text.utf8.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// Whether a field value holds a byte that RFC 9110 section 5.5 forbids (controls other than tab).
    @inline(__always)
    static func hasControlByte(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var found = false
        for byte in bytes { found = found || (byte < 0x20 && byte != 0x09) || byte == 0x7f }
        return found
    }

    /// Offset of the first line feed at or after `start`.
    @inline(__always)
    static func lineFeed(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress else { return nil }
        guard let found = memchr(base + start, 0x0a, bytes.count - start) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// Whether `bytes` spell `lowercase`, ASCII letters in either case.
    @inline(__always)
    static func matches(_ bytes: UnsafeRawBufferPointer, _ lowercase: StaticString) -> Bool {
        guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count where lowered(bytes[index]) != lowercase.utf8Start[index] { return false }
        return true
    }

    @inline(__always)
    private static func lowered(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }

    /// The value of a hexadecimal digit.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte - 0x30)
        case 0x41...0x46: Int(byte - 0x37)
        case 0x61...0x66: Int(byte - 0x57)
        default: nil
        }
    }

    /// A non-negative decimal number of digits only; nil also when it does not fit.
    static func decimal(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard !bytes.isEmpty, bytes.count <= 18 else { return nil }
        var value = 0
        for byte in bytes {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
