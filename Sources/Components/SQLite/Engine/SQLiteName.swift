/// Names of tables that users choose. They become part of statements, so only plain ones are taken.
public enum SQLiteName {
    /// What ``isValid(_:)`` asks for, in words for an error.
    public static let rule = "at most 128 letters, digits and _, not beginning with a digit"

    public static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 128 else { return false }
        return name.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
        }
    }

    /// A component's name as a file name; `fallback` for an empty one.
    static func file(for component: String, else fallback: String) -> String {
        let safe = component.utf8.map { byte -> Character in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"): Character(Unicode.Scalar(byte))
            default: "_"
            }
        }
        return (safe.isEmpty ? fallback : String(safe)) + ".db"
    }
}
