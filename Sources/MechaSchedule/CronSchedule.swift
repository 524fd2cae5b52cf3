import MechaCore

/// A cron expression: due at every instant whose local time matches all fields. When both days are
/// restricted, one of them is enough.
package struct CronSchedule: Sendable, Hashable {
    /// How far ahead a match is looked for: some dates (29 February on a given weekday) are 40 years apart.
    package static let yearsAhead = 100

    let second: CronField
    let minute: CronField
    let hour: CronField
    let dayOfMonth: CronField
    let month: CronField
    let dayOfWeek: CronField
    package let zone: TimeZoneRules

    private static let shortForms = [
        "@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
        "@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
    ]

    /// Reads five or six fields or a short form, behind `CRON_TZ=<zone>` or `TZ=<zone>`.
    ///
    /// - Parameters:
    ///   - column: of the text's first byte, for errors.
    ///   - zone: for expressions that name none.
    init(parsing text: Substring, column: Int, zone: TimeZoneRules) throws(ScheduleError) {
        var fields = Self.fields(text, column: column)
        self.zone = try Self.takeZone(&fields) ?? zone
        guard let first = fields.first else {
            throw ScheduleError(
                column: column + text.utf8.count, problem: "nothing follows the time zone", expected: "a cron expression")
        }
        if first.text.hasPrefix("@") {
            guard fields.count == 1, let expanded = Self.shortForms[first.text.lowercased()] else {
                throw ScheduleError(
                    column: first.column, problem: "\"\(first.text.prefix(20))\" is no schedule",
                    expected: "@every with a duration, or one of \(Self.shortForms.keys.sorted().joined(separator: ", "))")
            }
            fields = Self.fields(Substring(expanded), column: first.column)
        }
        guard fields.count == 5 || fields.count == 6 else {
            throw ScheduleError(
                column: fields.count > 6 ? fields[6].column : first.column, problem: "there are \(fields.count) fields",
                expected: "5 (minute, hour, day of month, month, day of week) or 6 (second first)")
        }
        if fields.count == 5 {
            second = .only(0)
        } else {
            second = try CronField(fields[0].text, .second, column: fields[0].column)
            fields.removeFirst()
        }
        minute = try CronField(fields[0].text, .minute, column: fields[0].column)
        hour = try CronField(fields[1].text, .hour, column: fields[1].column)
        dayOfMonth = try CronField(fields[2].text, .dayOfMonth, column: fields[2].column)
        month = try CronField(fields[3].text, .month, column: fields[3].column)
        dayOfWeek = try CronField(fields[4].text, .dayOfWeek, column: fields[4].column)
    }

    private static func fields(_ text: Substring, column: Int) -> [(text: Substring, column: Int)] {
        text.split { $0 == " " || $0 == "\t" }.map {
            ($0, column + text.utf8.distance(from: text.startIndex, to: $0.startIndex))
        }
    }

    private static func takeZone(_ fields: inout [(text: Substring, column: Int)]) throws(ScheduleError) -> TimeZoneRules? {
        guard let first = fields.first, let prefix = ["CRON_TZ=", "TZ="].first(where: { first.text.hasPrefix($0) }) else {
            return nil
        }
        fields.removeFirst()
        let name = String(first.text.dropFirst(prefix.utf8.count))
        guard let zone = TimeZoneRules.named(name) else {
            throw ScheduleError(
                column: first.column + prefix.utf8.count, problem: "the time zone \"\(name.prefix(60))\" is unknown",
                expected: "UTC, Local or a name such as Europe/Berlin")
        }
        return zone
    }

    // MARK: - Next

    /// The first instant after `moment` that matches; always a whole second.
    func next(after moment: Timestamp) -> Timestamp? {
        var instant = moment.seconds + 1
        let last = instant + Int64(Self.yearsAhead) * 366 * 86_400
        while instant < last {
            // Between two changes of the zone, local time runs as time does.
            let (offset, change) = zone.offset(at: instant)
            let end = min(change ?? last, last)
            if let local = nextLocal(from: instant + Int64(offset), before: end + Int64(offset)) {
                return Timestamp(seconds: local - Int64(offset))
            }
            instant = end
        }
        return nil
    }

    /// The same on a calendar without time zones, in seconds since 1970.
    private func nextLocal(from start: Int64, before end: Int64) -> Int64? {
        var day = start.dividedDown(by: 86_400)
        var secondOfDay = Int(start - day * 86_400)
        while day * 86_400 < end {
            let (year, month, dayOfMonth) = Timestamp.civil(fromDays: day)
            guard self.month.contains(month) else {
                day += Int64(Timestamp.daysIn(month: month, year: year) - dayOfMonth + 1)
                secondOfDay = 0
                continue
            }
            if matchesDay(day, dayOfMonth), let found = nextTime(from: secondOfDay) {
                let local = day * 86_400 + Int64(found)
                return local < end ? local : nil
            }
            day += 1
            secondOfDay = 0
        }
        return nil
    }

    private func matchesDay(_ day: Int64, _ dayOfMonth: Int) -> Bool {
        let weekday = Int(((day + 4) % 7 + 7) % 7)
        let (byMonth, byWeek) = (self.dayOfMonth.contains(dayOfMonth), dayOfWeek.contains(weekday))
        return self.dayOfMonth.isOpen || dayOfWeek.isOpen ? byMonth && byWeek : byMonth || byWeek
    }

    /// The first time of day from `start` on that matches, in seconds.
    private func nextTime(from start: Int) -> Int? {
        let (startHour, startMinute, startSecond) = (start / 3600, start / 60 % 60, start % 60)
        var hour = self.hour.first(from: startHour)
        while let atHour = hour {
            var minute = self.minute.first(from: atHour == startHour ? startMinute : 0)
            while let atMinute = minute {
                let isFirst = atHour == startHour && atMinute == startMinute
                if let second = second.first(from: isFirst ? startSecond : 0) { return atHour * 3600 + atMinute * 60 + second }
                minute = self.minute.first(from: atMinute + 1)
            }
            hour = self.hour.first(from: atHour + 1)
        }
        return nil
    }
}
