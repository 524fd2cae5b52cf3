import MechaCore

extension PercentCoding {
    /// For paths and queries: only unreserved characters and those to keep stay as they are.
    static func encode(_ text: String, keeping kept: String = "") -> String {
        encode(text) { isUnreserved($0) || kept.utf8.contains($0) }
    }
}
