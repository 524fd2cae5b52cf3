/// A moment in UTC with nanosecond resolution.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64
    /// 0 ..< 1,000,000,000.
    public var nanoseconds: Int32

    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }

    public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
        let total = Int64(moment.nanoseconds) + duration.wholeNanoseconds % 1_000_000_000
        let carry = total < 0 ? -1 : total / 1_000_000_000
        return Timestamp(
            seconds: moment.seconds + duration.wholeNanoseconds / 1_000_000_000 + carry,
            nanoseconds: Int32(total - carry * 1_000_000_000))
    }

    public var nanosecondsSinceEpoch: Int64 { seconds * 1_000_000_000 + Int64(nanoseconds) }

    /// RFC 3339 in UTC with as many fraction digits as are not zero: `2026-11-21T10:00:00.25Z`.
    public var rfc3339: String {
        String(unsafeUninitializedCapacity: Self.maximumRFC3339Bytes) { writeRFC3339(into: UnsafeMutableRawBufferPointer($0)) }
    }

    /// Enough for every text: a year may have more than four digits, and a sign.
    package static let maximumRFC3339Bytes = 48

    /// Writes the same text and answers how many bytes it has.
    ///
    /// - Parameter text: room for ``maximumRFC3339Bytes``.
    package func writeRFC3339(into text: UnsafeMutableRawBufferPointer) -> Int {
        var end = 0
        func put(_ character: Unicode.Scalar) {
            text[end] = UInt8(ascii: character)
            end += 1
        }
        func put(_ number: Int, digits: Int) {
            var (number, count, limit) = (number, digits, 1)
            if number < 0 {
                put("-")
                (number, count) = (-number, digits - 1)
            }
            for _ in 0..<count { limit *= 10 }
            while number >= limit { (limit, count) = (limit * 10, count + 1) }
            for index in stride(from: end + count - 1, through: end, by: -1) {
                text[index] = 0x30 + UInt8(truncatingIfNeeded: number % 10)
                number /= 10
            }
            end += count
        }
        let day = Self.floorDivide(seconds, 86_400)
        let (year, month, dayOfMonth) = Self.civil(fromDays: day)
        let second = Int(seconds - day * 86_400)
        put(year, digits: 4)
        put("-")
        put(month, digits: 2)
        put("-")
        put(dayOfMonth, digits: 2)
        put("T")
        put(second / 3_600, digits: 2)
        put(":")
        put(second / 60 % 60, digits: 2)
        put(":")
        put(second % 60, digits: 2)
        if nanoseconds != 0 {
            put(".")
            put(Int(nanoseconds), digits: 9)
            while text[end - 1] == 0x30 { end -= 1 }
        }
        put("Z")
        return end
    }

    /// Reads RFC 3339 with `Z` or a numeric offset; nil for anything else.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        func has(_ character: Character, at index: Int) -> Bool {
            index < bytes.count && bytes[index] == character.asciiValue
        }
        guard let year = number(0..<4), has("-", at: 4), let month = number(5..<7), has("-", at: 7), let day = number(8..<10),
            has("T", at: 10) || has("t", at: 10) || has(" ", at: 10),
            let hour = number(11..<13), has(":", at: 13), let minute = number(14..<16), has(":", at: 16),
            let second = number(17..<19),
            (1...12).contains(month), (1...Self.daysIn(month: month, year: year)).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var index = 19
        var nanoseconds = 0
        if has(".", at: index) {
            index += 1
            let start = index
            var scale = 100_000_000
            while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
                nanoseconds += Int(bytes[index] - 0x30) * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        var offset = 0
        if has("Z", at: index) || has("z", at: index) {
            index += 1
        } else if has("+", at: index) || has("-", at: index) {
            guard let hours = number(index + 1..<index + 3), has(":", at: index + 3), let minutes = number(index + 4..<index + 6),
                hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (has("-", at: index) ? -1 : 1)
            index += 6
        } else {
            return nil
        }
        guard index == bytes.count else { return nil }
        let days = Self.days(fromCivil: year, month, day)
        let secondOfDay = hour * 3600 + minute * 60 + second
        self.init(seconds: days * 86_400 + Int64(secondOfDay - offset), nanoseconds: Int32(nanoseconds))
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((-a + b - 1) / b) }

    package static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // Proleptic Gregorian calendar by 400-year eras, years beginning in March.
    /// Days since 1970-01-01 of a date; a day beyond its month runs on into the next.
    package static func days(fromCivil year: Int, _ month: Int, _ day: Int) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }

    /// The date that many days after 1970-01-01.
    package static func civil(fromDays days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

private func pad(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
