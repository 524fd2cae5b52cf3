extension String {
    /// Whether the string spells `lowercase`, ASCII letters in either case, as field names and many field
    /// values compare (RFC 9110 section 5.1). No allocation.
    @inlinable
    package func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        let count = lowercase.utf8CodeUnitCount
        guard utf8.count == count else { return false }
        let expected = lowercase.utf8Start
        var index = 0
        for byte in utf8 {
            let lowered = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            if lowered != expected[index] { return false }
            index += 1
        }
        return true
    }
}
