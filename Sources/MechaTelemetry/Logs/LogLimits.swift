/// Limits of what one log line holds and of what waits to be written.
public enum LogLimits {
    /// Longer messages are cut.
    public static let maximumMessageBytes = 16_384
    /// Longer field values are cut.
    public static let maximumFieldBytes = 4_096
    /// Further fields are left out.
    public static let maximumFields = 64
    /// Lines that do not fit into the queue are dropped and counted.
    public static let maximumQueuedBytes = 1 << 20

    /// `text`, cut at a character boundary when it is longer than `maximum`.
    static func clip(_ text: String, _ maximum: Int) -> String {
        guard text.utf8.count > maximum else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: maximum)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + "..."
    }
}
