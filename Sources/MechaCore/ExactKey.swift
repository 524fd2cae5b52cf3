/// A key that equals another only when all its bytes do. `String` as a dictionary key would take
/// canonically equivalent spellings for one key, and hash non-ASCII text slowly.
package struct ExactKey: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (a: ExactKey, b: ExactKey) -> Bool {
        guard a.text.utf8.count == b.text.utf8.count else { return false }
        let areEqual = a.text.utf8.withContiguousStorageIfAvailable { a in
            b.text.utf8.withContiguousStorageIfAvailable { b in a.elementsEqual(b) }
        }
        return (areEqual ?? nil) ?? a.text.utf8.elementsEqual(b.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        let hashed: Void? = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if hashed == nil { hasher.combine(text) }
    }
}
