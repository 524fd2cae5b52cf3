import MechaCore

/// The rule by which a zone goes on for ever, in POSIX's form: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixTimeZone: Sendable, Hashable {
    /// A day of each year and a time on it.
    struct Change: Sendable, Hashable {
        enum Day: Sendable, Hashable {
            /// 1 to 365; 29 February is never counted.
            case julian(Int)
            /// 0 to 365.
            case ordinal(Int)
            /// The week 5 is the last one; Sunday is 0.
            case weekday(month: Int, week: Int, day: Int)
        }

        var day: Day
        /// Seconds of local time, perhaps on another day.
        var time: Int

        /// Seconds since 1970 on a clock without offset.
        func local(in year: Int) -> Int64 {
            let days: Int64
            switch day {
            case .julian(let number):
                let isLeap = Timestamp.daysIn(month: 2, year: year) == 29
                days = Timestamp.days(fromCivil: year, 1, 1) + Int64(number - 1 + (isLeap && number >= 60 ? 1 : 0))
            case .ordinal(let number): days = Timestamp.days(fromCivil: year, 1, 1) + Int64(number)
            case .weekday(let month, let week, let day):
                let first = Timestamp.days(fromCivil: year, month, 1)
                let weekday = Int(((first + 4) % 7 + 7) % 7)
                var dayOfMonth = 1 + (day - weekday + 7) % 7 + (week - 1) * 7
                while dayOfMonth > Timestamp.daysIn(month: month, year: year) { dayOfMonth -= 7 }
                days = first + Int64(dayOfMonth - 1)
            }
            return days * 86_400 + Int64(time)
        }
    }

    /// Seconds east of UTC.
    let standard: Int
    let daylight: (offset: Int, start: Change, end: Change)?

    static func == (a: Self, b: Self) -> Bool {
        a.standard == b.standard && a.daylight?.offset == b.daylight?.offset && a.daylight?.start == b.daylight?.start
            && a.daylight?.end == b.daylight?.end
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(standard)
        hasher.combine(daylight?.offset)
    }

    /// The offset at an instant, and when it may change next; nil for never.
    func offset(at instant: Int64) -> (offset: Int, until: Int64?) {
        guard let daylight else { return (standard, nil) }
        let year = Timestamp.civil(fromDays: (instant + Int64(standard)).dividedDown(by: 86_400)).year
        var changes: [(at: Int64, offset: Int)] = []
        for year in year - 1...year + 1 {
            changes.append((daylight.start.local(in: year) - Int64(standard), daylight.offset))
            changes.append((daylight.end.local(in: year) - Int64(daylight.offset), standard))
        }
        changes.sort { $0.at < $1.at }
        guard let current = changes.lastIndex(where: { $0.at <= instant }) else { return (standard, changes.first?.at) }
        return (changes[current].offset, current + 1 < changes.count ? changes[current + 1].at : instant + 86_400)
    }
}
