/// Limits that keep metrics small whatever clients send.
public enum MetricLimits {
    /// Distinct series of one family in one registry.
    public static let maximumSeriesPerFamily = 1_000
    /// Longer label values are cut.
    public static let maximumLabelValueBytes = 256
    /// The value of every varying label of a family's overflow series.
    public static let overflowLabelValue = "_overflow"

    /// `value`, cut at a character boundary when it is too long.
    static func clip(_ value: String) -> String {
        guard value.utf8.count > maximumLabelValueBytes else { return value }
        var end = value.utf8.index(value.startIndex, offsetBy: maximumLabelValueBytes)
        while end.samePosition(in: value.unicodeScalars) == nil { end = value.utf8.index(before: end) }
        return String(value[..<end])
    }
}
