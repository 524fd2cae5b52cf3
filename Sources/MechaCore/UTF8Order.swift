/// Comparisons of texts by their UTF-8 bytes: the order and identity that backends know. Swift's own
/// string comparison takes canonically equivalent spellings for equal, which no backend does.
public enum UTF8Order {
    public static func isLess(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    public static func isEqual(_ a: String, _ b: String) -> Bool {
        a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8)
    }

    public static func hasPrefix(_ text: String, _ prefix: String) -> Bool {
        text.utf8.starts(with: prefix.utf8)
    }
}
