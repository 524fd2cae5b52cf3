import MechaCore

/// When something that repeats is due.
package struct Schedule: Sendable, Hashable {
    package enum Form: Sendable, Hashable {
        case cron(CronSchedule)
        case every(Duration)
        case period(ISOPeriod)
    }

    package let form: Form
    /// How often it is due in all, as `R5/PT30M` says; nil for no end.
    package let repetitions: Int?

    /// Shortest pause of `@every` and of periods.
    package static let minimumInterval = Duration.milliseconds(1)

    /// Reads a cron expression of five or six fields (seconds first), `@hourly` and its like, `@every 1h30m`,
    /// an ISO 8601 period (`PT30M`, `R5/P1D`), or a Go duration (`90s`).
    ///
    /// - Parameter zone: in which cron expressions are meant that name no zone.
    package init(parsing text: String, zone: TimeZoneRules = .utc) throws(ScheduleError) {
        let trimmed = text.drop { $0 == " " || $0 == "\t" }
        let column = text.utf8.count - trimmed.utf8.count + 1
        guard text.utf8.count <= 1_024 else {
            throw ScheduleError(column: 1, problem: "the schedule is longer than 1024 bytes")
        }
        var end = trimmed
        while let last = end.last, last == " " || last == "\t" { end.removeLast() }
        guard !end.isEmpty else {
            throw ScheduleError(column: column, problem: "the schedule is empty", expected: "a cron expression, @every or a period")
        }
        if end.hasPrefix("@every") {
            repetitions = nil
            form = .every(try Self.interval(end.dropFirst(6), column: column + 6))
        } else if end.hasPrefix("P") || end.hasPrefix("R") {
            let period = try ISOPeriod.parse(end, column: column)
            form = .period(period.period)
            repetitions = period.repetitions
        } else if let interval = GoDuration.parse(String(end)) {
            guard interval >= Self.minimumInterval else { throw Self.tooShort(column) }
            form = .every(interval)
            repetitions = nil
        } else {
            form = .cron(try CronSchedule(parsing: end, column: column, zone: zone))
            repetitions = nil
        }
    }

    private static func interval(_ text: Substring, column: Int) throws(ScheduleError) -> Duration {
        let trimmed = text.drop { $0 == " " }
        guard trimmed.utf8.count < text.utf8.count, let interval = GoDuration.parse(String(trimmed)) else {
            throw ScheduleError(column: column, problem: "@every has no duration after it", expected: "one such as 1h30m")
        }
        guard interval >= minimumInterval else { throw tooShort(column + text.utf8.count - trimmed.utf8.count) }
        return interval
    }

    private static func tooShort(_ column: Int) -> ScheduleError {
        ScheduleError(column: column, problem: "the duration is too short", expected: "at least 1ms")
    }

    /// The first moment after `moment` at which it is due; for intervals and periods, that far from
    /// `moment`. Nil when there is none within ``CronSchedule/yearsAhead``.
    package func next(after moment: Timestamp) -> Timestamp? {
        switch form {
        case .cron(let cron): cron.next(after: moment)
        case .every(let interval): moment + interval
        case .period(let period): period.added(to: moment)
        }
    }

    /// A point in time as jobs and reminders name it: RFC 3339, or how far from `now` it is as a Go
    /// duration or an ISO 8601 period without repetitions. Nil for anything else.
    package static func dueTime(_ text: String, from now: Timestamp) -> Timestamp? {
        if let moment = Timestamp(rfc3339: text) { return moment }
        if let duration = GoDuration.parse(text), duration >= .zero { return now + duration }
        guard let (period, repetitions) = try? ISOPeriod.parse(Substring(text), column: 1), repetitions == nil else { return nil }
        return period.added(to: now)
    }
}
