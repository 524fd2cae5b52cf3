import MechaCore

/// A span of the calendar (ISO 8601: `P1Y2M3W4DT5H6M7S`). Years and months are added to the date, the rest is time.
package struct ISOPeriod: Sendable, Hashable {
    package var months = 0
    /// Days of 24 hours, in UTC.
    package var days = 0
    package var time = Duration.zero

    /// Reads `[R<n>/]P...`. A count of zero, or none, repeats for ever, as it does in Dapr's reminders.
    static func parse(_ text: Substring, column: Int) throws(ScheduleError) -> (period: ISOPeriod, repetitions: Int?) {
        var rest = text.utf8[...]
        var repetitions: Int?
        func error(_ problem: String, expected: String? = nil) -> ScheduleError {
            ScheduleError(column: column + text.utf8.count - rest.count, problem: problem, expected: expected)
        }
        if rest.first == UInt8(ascii: "R") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "-") {
                rest.removeFirst()
                guard takeNumber(&rest) != nil else { throw error("the repetitions have no number") }
            } else if let count = takeNumber(&rest) {
                guard count.fraction == nil, count.whole <= 1_000_000_000 else { throw error("there are too many repetitions") }
                repetitions = count.whole == 0 ? nil : Int(count.whole)
            }
            guard rest.first == UInt8(ascii: "/") else { throw error("the repetitions do not end", expected: "\"/\" and a period") }
            rest.removeFirst()
        }
        guard rest.first == UInt8(ascii: "P") else { throw error("the period does not begin", expected: "\"P\"") }
        rest.removeFirst()
        var period = ISOPeriod()
        var order = -1
        var isTime = false
        while let letter = rest.first {
            if letter == UInt8(ascii: "T"), !isTime {
                isTime = true
                rest.removeFirst()
                guard !rest.isEmpty else { throw error("nothing follows \"T\"", expected: "hours, minutes or seconds") }
                continue
            }
            guard let number = takeNumber(&rest) else {
                throw error("the period has a part without a number", expected: "a number and a unit")
            }
            guard number.whole <= 10_000_000 else { throw error("a part of the period is too large") }
            guard let unit = rest.first else {
                throw error("a number has no unit", expected: isTime ? "H, M or S" : "Y, M, W or D")
            }
            let units: [UInt8] = Array("YMWD".utf8)
            let timeUnits: [UInt8] = Array("HMS".utf8)
            guard let rank = isTime ? timeUnits.firstIndex(of: unit).map({ $0 + 4 }) : units.firstIndex(of: unit), rank > order
            else {
                throw error("a unit is unknown, twice or out of order", expected: isTime ? "H, M or S" : "Y, M, W or D")
            }
            guard number.fraction == nil || rank == 6 else { throw error("only seconds may have a fraction") }
            rest.removeFirst()
            order = rank
            let count = Int(number.whole)
            switch rank {
            case 0: period.months += 12 * count
            case 1: period.months += count
            case 2: period.days += 7 * count
            case 3: period.days += count
            case 4: period.time += .seconds(3600 * count)
            case 5: period.time += .seconds(60 * count)
            default: period.time += .seconds(count) + .nanoseconds(number.fraction ?? 0)
            }
        }
        guard order >= 0 else { throw error("the period is empty", expected: "a number and a unit") }
        guard period.months > 0 || period.days > 0 || period.time >= Schedule.minimumInterval else {
            throw error("the period is too short", expected: "at least 1ms")
        }
        return (period, repetitions)
    }

    private static func takeNumber(_ rest: inout Substring.UTF8View.SubSequence) -> (whole: Int64, fraction: Int64?)? {
        func takeDigits() -> [UInt8] {
            let digits = Array(rest.prefix { (0x30...0x39).contains($0) })
            rest.removeFirst(digits.count)
            return digits
        }
        let digits = takeDigits()
        guard !digits.isEmpty else { return nil }
        let whole = digits.reduce(Int64(0)) { min($0 * 10 + Int64($1 - 0x30), 1 << 40) }
        guard rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ",") else { return (whole, nil) }
        rest.removeFirst()
        var scale: Int64 = 100_000_000
        var fraction: Int64 = 0
        for digit in takeDigits() {
            fraction += Int64(digit - 0x30) * scale
            scale /= 10
        }
        return (whole, fraction)
    }

    /// A date that its month does not have becomes the last of the month. Nil beyond the year 9999.
    func added(to moment: Timestamp) -> Timestamp? {
        var result = moment
        if months > 0 {
            let day = moment.seconds.dividedDown(by: 86_400)
            let (year, month, dayOfMonth) = Timestamp.civil(fromDays: day)
            let total = year * 12 + month - 1 + months
            let (nextYear, nextMonth) = (total / 12, total % 12 + 1)
            guard nextYear <= 9_999 else { return nil }
            let nextDay = min(dayOfMonth, Timestamp.daysIn(month: nextMonth, year: nextYear))
            result.seconds += (Timestamp.days(fromCivil: nextYear, nextMonth, nextDay) - day) * 86_400
        }
        result.seconds += Int64(days) * 86_400
        result = result + time
        return result.seconds <= 253_402_300_799 ? result : nil
    }
}

extension Int64 {
    /// The quotient rounded down.
    func dividedDown(by divisor: Int64) -> Int64 { self >= 0 ? self / divisor : (self - divisor + 1) / divisor }
}
