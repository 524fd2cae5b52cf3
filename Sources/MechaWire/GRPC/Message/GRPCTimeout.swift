import NIOCore

/// The value of `grpc-timeout`: at most eight digits and a unit (H, M, S, m, u, n).
enum GRPCTimeout {
    private static let units: [(symbol: UInt8, nanoseconds: Int64)] = [
        (UInt8(ascii: "n"), 1), (UInt8(ascii: "u"), 1_000), (UInt8(ascii: "m"), 1_000_000),
        (UInt8(ascii: "S"), 1_000_000_000), (UInt8(ascii: "M"), 60_000_000_000), (UInt8(ascii: "H"), 3_600_000_000_000),
    ]
    private static let largestValue: Int64 = 99_999_999

    /// Nil when `text` has another form. Times beyond what fits are the longest that does.
    static func parse(_ text: String) -> TimeAmount? {
        let digits = text.utf8.dropLast()
        guard (1...8).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let unit = units.first(where: { $0.symbol == text.utf8.last })
        else { return nil }
        let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: unit.nanoseconds)
        return .nanoseconds(overflow ? .max : nanoseconds)
    }

    /// In the finest unit that fits, rounded up so that the peer never gives up first.
    static func format(_ timeout: TimeAmount) -> String {
        let nanoseconds = max(timeout.nanoseconds, 0)
        for unit in units {
            let value = nanoseconds / unit.nanoseconds + (nanoseconds % unit.nanoseconds == 0 ? 0 : 1)
            if value <= largestValue { return "\(value)\(Character(Unicode.Scalar(unit.symbol)))" }
        }
        return "\(largestValue)H"
    }
}
