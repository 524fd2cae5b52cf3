#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Character classes of HTTP's grammar as 128-bit sets, and byte searches that every parser here uses.
enum HTTPCharacters {
    /// `tchar` of RFC 9110 section 5.6.2: what methods and field names are made of.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe)
    }

    static func isToken(_ text: String) -> Bool { !text.utf8.isEmpty && text.utf8.allSatisfy { isToken($0) } }

    /// `name` in lower case; the same string when it is so already.
    static func lowercased(_ name: String) -> String {
        name.utf8.contains { $0 >= 0x41 && $0 <= 0x5a } ? name.lowercased() : name
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
            guard byte.isDigit else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }

    /// What a host with optional port may hold (RFC 3986 section 3.2.2, without user information).
    @inline(__always)
    static func isHost(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x2fff_6ff2_0000_0000, high: 0x47ff_fffe_afff_fffe)
    }

    /// What a field value may hold (RFC 9110 section 5.5): everything but control characters; tab is allowed.
    @inline(__always)
    static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 ? byte != 0x7f : byte == UInt8(ascii: "\t")
    }

    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") }

    /// Whether `value` may be a field value as it stands: nothing that ``isFieldValue(_:)`` forbids, no blank
    /// at either end (RFC 9113 section 8.2.1).
    static func isTrimmedFieldValue(_ value: String) -> Bool {
        func check(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
            guard let first = bytes.first, let last = bytes.last else { return true }
            if first.isBlank || last.isBlank { return false }
            // Without a way out of the loop the compiler makes it look at many bytes at once.
            var isClean = true
            for byte in bytes { isClean = isClean && ((byte >= 0x20 && byte != 0x7f) || byte == UInt8(ascii: "\t")) }
            return isClean
        }
        if let result = value.utf8.withContiguousStorageIfAvailable(check) { return result }
        return Array(value.utf8).withUnsafeBufferPointer(check)
    }

    /// Whether `value` is a number of digits only that fits in an `Int`; 18 digits always do.
    static func isDecimal(_ value: String) -> Bool {
        value.utf8.count >= 1 && value.utf8.count <= 18 && value.utf8.allSatisfy(\.isDigit)
    }

    @inline(__always)
    private static func contains(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        switch byte {
        case 0..<64: (low >> UInt64(byte)) & 1 == 1
        case 64..<128: (high >> UInt64(byte - 64)) & 1 == 1
        default: false
        }
    }

    /// Offset of the first line feed at or after `start`.
    @inline(__always)
    static func lineFeed(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress else { return nil }
        guard let found = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes are `text` (which must be lower case), letter case aside.
    @inline(__always)
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index]
            let lowered = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
            if lowered != text.utf8Start[index] { return false }
        }
        return true
    }

    /// Whether a field value holds a byte that RFC 9110 section 5.5 forbids (controls other than tab). Without
    /// an early end, so that it vectorises.
    @inline(__always)
    var hasControlByte: Bool {
        var found = false
        for byte in self { found = found || (byte < 0x20 && byte != 0x09) || byte == 0x7f }
        return found
    }

    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount, let baseAddress else { return false }
        return memcmp(baseAddress, text.utf8Start, count) == 0
    }

    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }

    /// Without spaces and tabs at both ends (`OWS` of RFC 9110 section 5.6.3).
    @inline(__always)
    func trimmed() -> UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, self[start].isBlank { start += 1 }
        while end > start, self[end - 1].isBlank { end -= 1 }
        return slice(start..<end)
    }

    /// The comma-separated elements of a list field (RFC 9110 section 5.6.1); empty ones are left out.
    func forEachListElement(_ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while start <= count {
            let end = self[start...].firstIndex(of: UInt8(ascii: ",")) ?? count
            let element = slice(start..<end).trimmed()
            if !element.isEmpty { body(element) }
            start = end + 1
        }
    }
}

extension UInt8 {
    @inline(__always)
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    @inline(__always)
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}
