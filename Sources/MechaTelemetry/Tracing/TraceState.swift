import MechaCore

/// A valid `tracestate` (W3C Trace Context, section 3.3), kept as text because it is only passed on.
public struct TraceState: Sendable, Hashable {
    /// More list members make the whole header invalid.
    public static let maximumMembers = 32
    /// Longer values are dropped; the recommendation asks for at least 512.
    public static let maximumBytes = 2_048

    public let text: String

    /// Nil when the value is not valid and therefore must not be passed on. Several headers of the name are
    /// joined by commas before.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes else { return nil }
        var keys: Set<Substring> = []
        for member in text.split(separator: ",") {
            let trimmed = member.trimmingBlanks()
            // Empty members are allowed and mean nothing.
            if trimmed.isEmpty { continue }
            guard let equals = trimmed.firstIndex(of: "="), keys.count < Self.maximumMembers,
                Self.isKey(trimmed[..<equals]), Self.isValue(trimmed[trimmed.index(after: equals)...]),
                keys.insert(trimmed[..<equals]).inserted
            else { return nil }
        }
        guard !keys.isEmpty else { return nil }
        self.text = text
    }

    /// `simple` or `tenant@system`: lower-case letters, digits and `_-*/`, 256 characters at most.
    private static func isKey(_ key: Substring) -> Bool {
        let parts = key.split(separator: "@", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let first = parts[0].utf8.first else { return false }
        let isFirst: (UInt8) -> Bool = { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
        if parts.count == 2 {
            guard parts[0].utf8.count <= 241, parts[1].utf8.count <= 14, let system = parts[1].utf8.first, isFirst(system)
            else { return false }
        }
        return key.utf8.count <= 256 && isFirst(first)
            && parts.allSatisfy { part in
                part.utf8.allSatisfy {
                    isFirst($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "*")
                        || $0 == UInt8(ascii: "/")
                }
            }
    }

    /// Printable ASCII without comma and equals sign, not ending in a space, 256 characters at most.
    private static func isValue(_ value: Substring) -> Bool {
        guard (1...256).contains(value.utf8.count), value.utf8.last != 0x20 else { return false }
        return value.utf8.allSatisfy {
            (0x20...0x7e).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=")
        }
    }
}
