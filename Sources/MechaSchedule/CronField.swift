/// One field of a cron expression: which of its values match.
struct CronField: Sendable, Hashable {
    /// What a field is called and which values it has.
    struct Kind: Sendable, Hashable {
        var name: String
        var range: ClosedRange<Int>
        /// Names of the values from the first one on.
        var valueNames: [String] = []

        static let second = Kind(name: "second", range: 0...59)
        static let minute = Kind(name: "minute", range: 0...59)
        static let hour = Kind(name: "hour", range: 0...23)
        static let dayOfMonth = Kind(name: "day of month", range: 1...31)
        static let month = Kind(
            name: "month", range: 1...12,
            valueNames: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
        /// Sunday is 0, and 7 too.
        static let dayOfWeek = Kind(
            name: "day of week", range: 0...7, valueNames: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
    }

    /// A bit for each value.
    private(set) var bits: UInt64 = 0
    /// Whether `*` or `?` without a step leaves the field open; matters for the two fields of days.
    private(set) var isOpen = false

    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    /// The first value from `value` on that matches.
    func first(from value: Int) -> Int? {
        guard value < 64 else { return nil }
        let rest = bits >> UInt64(value)
        return rest == 0 ? nil : value + rest.trailingZeroBitCount
    }

    static func only(_ value: Int) -> CronField {
        var field = CronField()
        field.bits = 1 << UInt64(value)
        return field
    }

    private init() {}

    /// Reads a list of values, ranges and steps.
    ///
    /// - Parameter column: of the field's first byte.
    init(_ text: Substring, _ kind: Kind, column: Int) throws(ScheduleError) {
        var column = column
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            try add(item, kind, column: column)
            column += item.utf8.count + 1
        }
        if kind == .dayOfWeek, contains(7) { bits = bits & 0x7f | 1 }
    }

    private mutating func add(_ item: Substring, _ kind: Kind, column: Int) throws(ScheduleError) {
        func error(_ problem: String, _ expected: String? = nil) -> ScheduleError {
            ScheduleError(column: column, field: kind.name, problem: problem, expected: expected)
        }
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw error("has two steps") }
        var step = 1
        if parts.count == 2 {
            guard let number = Self.number(parts[1]), number > 0, number <= 1_000 else {
                throw error("has a step that is no number", "a number from 1 after \"/\"")
            }
            step = number
        }
        let base = parts[0]
        let last = kind == .dayOfWeek ? 6 : kind.range.upperBound
        let range: ClosedRange<Int>
        if base == "*" || base == "?" {
            range = kind.range.lowerBound...last
            if step == 1 { isOpen = true }
        } else {
            let ends = base.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count <= 2 else { throw error("has a range with more than two ends") }
            let low = try value(ends[0], kind, error)
            if ends.count == 2 {
                let high = try value(ends[1], kind, error)
                guard low <= high else { throw error("has a range that runs backwards") }
                range = low...high
            } else {
                // "5/15" goes on to the end.
                range = low...(parts.count == 2 ? max(low, last) : low)
            }
        }
        for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { bits |= 1 << UInt64(value) }
    }

    private func value(
        _ text: Substring, _ kind: Kind, _ error: (String, String?) -> ScheduleError
    ) throws(ScheduleError) -> Int {
        let bounds = "\(kind.range.lowerBound) to \(kind.range.upperBound)"
        if let number = Self.number(text) {
            guard kind.range.contains(number) else { throw error("has \(number), which is out of range", bounds) }
            return number
        }
        if let index = kind.valueNames.firstIndex(of: text.lowercased()) { return index + kind.range.lowerBound }
        throw error(
            text.isEmpty ? "has an empty part" : "has \"\(text.prefix(20))\"",
            kind.valueNames.isEmpty ? bounds : "\(bounds), or a name such as \(kind.valueNames[1])")
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 6, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}
