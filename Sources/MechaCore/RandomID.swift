/// Ids that need no coordination.
public enum RandomID {
    /// A version 4 UUID in lower-case hexadecimal (RFC 9562).
    public static func uuid() -> String {
        var generator = PooledRandom()
        return uuid(using: &generator)
    }

    public static func uuid(using generator: inout some RandomNumberGenerator) -> String {
        String(unsafeUninitializedCapacity: uuidBytes) { writeUUID(into: UnsafeMutableRawBufferPointer($0), using: &generator) }
    }

    /// Of the text of a UUID.
    package static let uuidBytes = 36

    /// Writes a UUID's text into room for it, and answers its length.
    package static func writeUUID(into text: UnsafeMutableRawBufferPointer, using generator: inout some RandomNumberGenerator) -> Int {
        let high = generator.next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low = generator.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        var position = 0
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                text[position] = UInt8(ascii: "-")
                position += 1
            }
            let word = index < 16 ? high : low
            let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - index % 16 * 4)) & 0xf
            text[position] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
            position += 1
        }
        return position
    }
}
