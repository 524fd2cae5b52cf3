/// A number whatever its type, for comparisons between types.
enum CELNumber {
    case int(Int64)
    case uint(UInt64)
    case double(Double)

    init?(_ value: CELValue) {
        switch value {
        case .int(let number): self = .int(number)
        case .uint(let number): self = .uint(number)
        case .double(let number): self = .double(number)
        default: return nil
        }
    }

    func isEqual(to other: CELNumber) -> Bool { order(against: other) == 0 }

    /// -1, 0 or 1; nil when either is not a number. Exact: nothing is rounded to a double on the way.
    func order(against other: CELNumber) -> Int? {
        switch (self, other) {
        case (.double(let a), .double(let b)): a.isNaN || b.isNaN ? nil : Self.order(a, b)
        case (.double(let a), _): other.whole.flatMap { Self.order($0, a) }.map { -$0 }
        case (_, .double(let b)): whole.flatMap { Self.order($0, b) }
        default:
            if let a = whole, let b = other.whole { Self.order(a, b) } else { nil }
        }
    }

    private var whole: Int128? {
        switch self {
        case .int(let number): Int128(number)
        case .uint(let number): Int128(number)
        case .double: nil
        }
    }

    private static func order(_ a: Int128, _ b: Double) -> Int? {
        if b.isNaN { return nil }
        // Beyond every whole number that is compared here.
        if b >= 0x1p65 { return -1 }
        if b <= -0x1p65 { return 1 }
        let floor = b.rounded(.down)
        let order = order(a, Int128(floor))
        return order == 0 && floor != b ? -1 : order
    }

    private static func order<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : a > b ? 1 : 0 }
}
