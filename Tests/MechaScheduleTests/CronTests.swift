import MechaCore
import Testing

@testable import MechaSchedule

/// The next `count` moments after `start`, as RFC 3339.
private func next(_ text: String, after start: String, count: Int = 1, zone: TimeZoneRules = .utc) throws -> [String] {
    let schedule = try Schedule(parsing: text, zone: zone)
    var moment = try #require(Timestamp(rfc3339: start))
    var moments: [String] = []
    for _ in 0..<count {
        guard let following = schedule.next(after: moment) else { break }
        #expect(following > moment)
        moments.append(following.rfc3339)
        moment = following
    }
    return moments
}

@Suite struct CronTests {
    @Test(
        arguments: [
            ("* * * * *", "2026-01-01T00:00:00Z", ["2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"]),
            ("* * * * * *", "2026-01-01T00:00:00.5Z", ["2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"]),
            ("*/15 * * * * *", "2026-01-01T23:59:50Z", ["2026-01-02T00:00:00Z", "2026-01-02T00:00:15Z"]),
            (
                "5/20 * * * * *", "2026-01-01T00:00:00Z",
                ["2026-01-01T00:00:05Z", "2026-01-01T00:00:25Z", "2026-01-01T00:00:45Z", "2026-01-01T00:01:05Z"]
            ),
            (
                "10-20/5,50 * * * * *", "2026-01-01T00:00:10Z",
                ["2026-01-01T00:00:15Z", "2026-01-01T00:00:20Z", "2026-01-01T00:00:50Z"]
            ),
            (
                "0 30 9-17/4 * * MON-FRI", "2026-01-02T17:30:00Z",
                ["2026-01-05T09:30:00Z", "2026-01-05T13:30:00Z", "2026-01-05T17:30:00Z"]
            ),
            ("0 0 1 JAN,jul ?", "2026-01-01T00:00:00Z", ["2026-07-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
            ("0 0 31 * *", "2026-01-31T00:00:00Z", ["2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"]),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
            ("0 0 29 2 ?", "2096-03-01T00:00:00Z", ["2104-02-29T00:00:00Z"]),
            // One of two restricted days is enough; with one of them open, the other decides.
            ("0 0 13 * FRI", "2026-02-10T00:00:00Z", ["2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"]),
            ("0 0 */10 * SUN", "2026-02-01T00:00:00Z", ["2026-02-08T00:00:00Z", "2026-02-11T00:00:00Z"]),
            ("0 0 * * 7", "2026-02-02T00:00:00Z", ["2026-02-08T00:00:00Z"]),
            ("0 0 ? * 5-7", "2026-02-07T00:00:00Z", ["2026-02-08T00:00:00Z", "2026-02-13T00:00:00Z"]),
            ("0 0 31 6 *", "2026-01-01T00:00:00Z", []),
            ("@hourly", "2026-01-01T00:30:00Z", ["2026-01-01T01:00:00Z"]),
            ("@daily", "2026-12-31T00:30:00Z", ["2027-01-01T00:00:00Z"]),
            ("@midnight", "2026-01-01T00:00:00Z", ["2026-01-02T00:00:00Z"]),
            ("@weekly", "2026-01-01T00:00:00Z", ["2026-01-04T00:00:00Z"]),
            ("@monthly", "2026-01-01T00:00:00Z", ["2026-02-01T00:00:00Z"]),
            ("@yearly", "2026-01-01T00:00:00Z", ["2027-01-01T00:00:00Z"]),
            ("@annually", "2026-06-01T00:00:00Z", ["2027-01-01T00:00:00Z"]),
            ("  @every 1h30m ", "2026-01-01T00:00:00.25Z", ["2026-01-01T01:30:00.25Z"]),
            ("@every 100ms", "2026-01-01T00:00:00Z", ["2026-01-01T00:00:00.1Z"]),
            ("90s", "2026-01-01T00:00:00Z", ["2026-01-01T00:01:30Z"]),
            ("PT30M", "2026-01-01T00:00:00Z", ["2026-01-01T00:30:00Z"]),
            ("R5/P1M", "2026-01-31T08:00:00Z", ["2026-02-28T08:00:00Z", "2026-03-28T08:00:00Z"]),
            ("P1Y2M3W4DT5H6M7.5S", "2026-01-01T00:00:00Z", ["2027-03-26T05:06:07.5Z"]),
            ("0 0 1 1 *", "1969-05-01T00:00:00Z", ["1970-01-01T00:00:00Z"]),
        ] as [(String, String, [String])])
    func `what comes next`(_ text: String, _ start: String, _ expected: [String]) throws {
        #expect(try next(text, after: start, count: max(1, expected.count)) == expected)
    }

    @Test(
        arguments: [
            // Berlin springs from 02:00 to 03:00 on 29 March 2026 and falls back from 03:00 to 02:00 on 25 October.
            ("CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28T00:00:00Z", ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]),
            (
                "TZ=Europe/Berlin 0 30 2 * * *", "2026-10-24T12:00:00Z",
                ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]
            ),
            ("CRON_TZ=Europe/Berlin 0 * * * *", "2026-03-29T00:30:00Z", ["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"]),
            ("CRON_TZ=Europe/Berlin @daily", "2026-03-28T12:00:00Z", ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"]),
            ("CRON_TZ=America/New_York 0 30 2 11 Mar ?", "2012-03-11T05:00:00Z", ["2013-03-11T06:30:00Z"]),
            ("CRON_TZ=America/New_York 30 1 4 11 *", "2012-11-04T04:00:00Z", ["2012-11-04T05:30:00Z", "2012-11-04T06:30:00Z"]),
            // Half an hour of daylight saving, and a zone that is ahead by three quarters.
            ("CRON_TZ=Australia/Lord_Howe 15 2 * * *", "2026-10-02T16:00:00Z", ["2026-10-04T15:15:00Z"]),
            ("CRON_TZ=Asia/Kathmandu 0 0 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T18:15:00Z"]),
            // Far in the future only the rule at the end of the file knows.
            ("CRON_TZ=Europe/Berlin 0 12 * * *", "2090-07-01T00:00:00Z", ["2090-07-01T10:00:00Z"]),
            ("CRON_TZ=Europe/Berlin 0 12 * * *", "2090-01-01T00:00:00Z", ["2090-01-01T11:00:00Z"]),
            ("CRON_TZ=UTC 0 12 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T12:00:00Z"]),
        ] as [(String, String, [String])])
    func `time zones, what they skip and what they repeat`(_ text: String, _ start: String, _ expected: [String]) throws {
        #expect(try next(text, after: start, count: expected.count) == expected)
    }

    @Test(arguments: [
        ("", "column 1: the schedule is empty, expected a cron expression, @every or a period"),
        ("* * *", "column 1: there are 3 fields, expected 5 (minute, hour, day of month, month, day of week) or 6 (second first)"),
        (
            "* * * * * * *",
            "column 13: there are 7 fields, expected 5 (minute, hour, day of month, month, day of week) or 6 (second first)"
        ),
        ("61 * * * *", "column 1: the minute field has 61, which is out of range, expected 0 to 59"),
        ("0 0 24 * * *", "column 5: the hour field has 24, which is out of range, expected 0 to 23"),
        ("0 0 0 * *", "column 5: the day of month field has 0, which is out of range, expected 1 to 31"),
        ("0 0 1 foo *", "column 7: the month field has \"foo\", expected 1 to 12, or a name such as feb"),
        ("0 0 * * 1,x", "column 11: the day of week field has \"x\", expected 0 to 7, or a name such as mon"),
        ("0 0 * * FRI-MON", "column 9: the day of week field has a range that runs backwards"),
        ("*/0 * * * *", "column 1: the minute field has a step that is no number, expected a number from 1 after \"/\""),
        ("1,,2 * * * *", "column 3: the minute field has an empty part, expected 0 to 59"),
        ("1/2/3 * * * *", "column 1: the minute field has two steps"),
        ("1-2-3 * * * *", "column 1: the minute field has a range with more than two ends"),
        (
            "@never",
            "column 1: \"@never\" is no schedule, expected @every with a duration, or one of @annually, @daily, @hourly, @midnight, @monthly, @weekly, @yearly"
        ),
        ("@every soon", "column 7: @every has no duration after it, expected one such as 1h30m"),
        ("@every 0s", "column 8: the duration is too short, expected at least 1ms"),
        ("@every -1s", "column 8: the duration is too short, expected at least 1ms"),
        (
            "CRON_TZ=Mars/Base * * * * *",
            "column 9: the time zone \"Mars/Base\" is unknown, expected UTC, Local or a name such as Europe/Berlin"
        ),
        (
            "CRON_TZ=../../../etc/passwd * * * * *",
            "column 9: the time zone \"../../../etc/passwd\" is unknown, expected UTC, Local or a name such as Europe/Berlin"
        ),
        ("TZ=UTC", "column 7: nothing follows the time zone, expected a cron expression"),
        ("P", "column 2: the period is empty, expected a number and a unit"),
        ("PT5X", "column 4: a unit is unknown, twice or out of order, expected H, M or S"),
        ("P1DT", "column 5: nothing follows \"T\", expected hours, minutes or seconds"),
        ("R5PT1M", "column 3: the repetitions do not end, expected \"/\" and a period"),
        ("PT0S", "column 5: the period is too short, expected at least 1ms"),
        ("P1.5D", "column 5: only seconds may have a fraction"),
    ])
    func `an error names the field and the column`(_ text: String, _ message: String) {
        do throws(ScheduleError) {
            _ = try Schedule(parsing: text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test func `repetitions and due times`() throws {
        #expect(try Schedule(parsing: "R5/PT30M").repetitions == 5)
        #expect(try Schedule(parsing: "R/PT30M").repetitions == nil)
        #expect(try Schedule(parsing: "R0/PT30M").repetitions == nil)
        let now = try #require(Timestamp(rfc3339: "2026-01-31T10:00:00Z"))
        #expect(Schedule.dueTime("2026-05-01T00:00:00+02:00", from: now)?.rfc3339 == "2026-04-30T22:00:00Z")
        #expect(Schedule.dueTime("0h0m3s0ms", from: now)?.rfc3339 == "2026-01-31T10:00:03Z")
        #expect(Schedule.dueTime("P1M", from: now)?.rfc3339 == "2026-02-28T10:00:00Z")
        #expect(Schedule.dueTime("R2/PT1S", from: now) == nil)
        #expect(Schedule.dueTime("tomorrow", from: now) == nil)
    }
}
