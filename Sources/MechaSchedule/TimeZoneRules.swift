/// The offsets of a time zone from UTC, in the past and the future.
package struct TimeZoneRules: Sendable, Hashable {
    /// `Europe/Berlin`, `UTC`, `Local`.
    package let name: String
    /// Seconds since 1970 at which the offset changes, rising; with the offset from then on.
    let changes: [Change]
    /// Before the first change.
    let firstOffset: Int
    /// After the last change; nil when the last offset holds for ever.
    let rule: PosixTimeZone?

    struct Change: Sendable, Hashable {
        var at: Int64
        /// Seconds east of UTC.
        var offset: Int
    }

    package static let utc = TimeZoneRules(name: "UTC", changes: [], firstOffset: 0, rule: nil)

    /// The offset that holds at an instant, in seconds east of UTC, and when it may change next; nil for never.
    package func offset(at instant: Int64) -> (offset: Int, until: Int64?) {
        guard let first = changes.first else { return rule?.offset(at: instant) ?? (firstOffset, nil) }
        if instant < first.at { return (firstOffset, first.at) }
        var (low, high) = (0, changes.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if changes[middle].at <= instant { low = middle } else { high = middle }
        }
        if high < changes.count { return (changes[low].offset, changes[high].at) }
        return rule?.offset(at: instant) ?? (changes[low].offset, nil)
    }
}
