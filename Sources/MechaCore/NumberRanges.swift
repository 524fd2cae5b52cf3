/// A set of whole numbers written as a comma list of numbers and ranges: `429,500-599`.
public struct NumberRanges: Sendable, Hashable, CustomStringConvertible {
    public let ranges: [ClosedRange<Int>]

    public init(_ ranges: [ClosedRange<Int>]) { self.ranges = ranges }

    /// Nil when `text` is empty or malformed, a range runs backwards, or a number lies outside `bounds`.
    public init?(parsing text: String, within bounds: ClosedRange<Int>) {
        var ranges: [ClosedRange<Int>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0.filter { $0 != " " }) }
            guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first <= last,
                bounds.contains(first), bounds.contains(last)
            else { return nil }
            ranges.append(first...last)
        }
        self.ranges = ranges
    }

    public func contains(_ number: Int) -> Bool { ranges.contains { $0.contains(number) } }

    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
