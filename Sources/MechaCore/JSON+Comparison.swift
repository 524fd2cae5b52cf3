extension JSON {
    /// Whether both stand for the same value: numbers by value (`1` and `1.0`), objects without regard
    /// to the order of members.
    public func isEquivalent(to other: JSON) -> Bool {
        switch (self, other) {
        case (.number, .number): return compare(to: other) == .equal
        case (.string(let a), .string(let b)): return UTF8Order.isEqual(a, b)
        case (.array(let a), .array(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { $0.isEquivalent(to: $1) }
        case (.object(let a), .object(let b)):
            guard a.count == b.count else { return false }
            return a.allSatisfy { member in other[member.name].map(member.value.isEquivalent(to:)) ?? false }
        default: return self == other
        }
    }

    public enum Comparison: Sendable, Equatable { case less, equal, greater }

    /// The order of two numbers (by value) or two strings (by UTF-8 bytes); nil for anything else,
    /// which has no order that users could expect.
    public func compare(to other: JSON) -> Comparison? {
        switch (self, other) {
        case (.number(let a), .number(let b)):
            if let a = Int(a), let b = Int(b) { return a < b ? .less : a > b ? .greater : .equal }
            guard let a = Double(a), let b = Double(b) else { return nil }
            return a < b ? .less : a > b ? .greater : .equal
        case (.string(let a), .string(let b)):
            if UTF8Order.isLess(a, b) { return .less }
            return UTF8Order.isLess(b, a) ? .greater : .equal
        default: return nil
        }
    }

    /// A total order for sorting: what is missing (nil) first, then null, booleans, numbers, strings;
    /// arrays and objects come last and rank alike.
    public static func sortingOrder(_ a: JSON?, _ b: JSON?) -> Comparison {
        let (rankOfA, rankOfB) = (sortingRank(a), sortingRank(b))
        if rankOfA != rankOfB { return rankOfA < rankOfB ? .less : .greater }
        if case .bool(let x) = a, case .bool(let y) = b, x != y { return x ? .greater : .less }
        guard let a, let b else { return .equal }
        return a.compare(to: b) ?? .equal
    }

    private static func sortingRank(_ value: JSON?) -> Int {
        switch value {
        case nil: 0
        case .null: 1
        case .bool: 2
        case .number: 3
        case .string: 4
        case .array, .object: 5
        }
    }

    /// The value at a dotted path of member names (`person.org`); nil where the document ends earlier.
    public func value(at path: String) -> JSON? {
        var value = self
        for name in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard let member = value[String(name)] else { return nil }
            value = member
        }
        return value
    }
}
