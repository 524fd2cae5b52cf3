import Foundation
import MechaCore
import MechaTestKit
import Testing

@testable import MechaSchedule

@Suite struct TimeZoneTests {
    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Nuuk", "Asia/Tehran",
        "Etc/GMT-14",
    ])
    func `offsets are those that the platform knows`(_ name: String) throws {
        let zone = try #require(TimeZoneRules.named(name))
        let reference = try #require(TimeZone(identifier: name))
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            // The platform's own tables end in 2037.
            let instant = Int64.random(in: 0..<2_145_000_000, using: &random)
            let (offset, until) = zone.offset(at: instant)
            #expect(offset == reference.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))), "\(name) at \(instant)")
            #expect(until ?? .max > instant)
        }
    }

    @Test func `rules of the footer`() throws {
        let berlin = try #require(PosixTimeZone("CET-1CEST,M3.5.0,M10.5.0/3"))
        let summer = try #require(Timestamp(rfc3339: "2026-07-01T00:00:00Z")).seconds
        #expect(berlin.offset(at: summer).offset == 7_200)
        #expect(berlin.offset(at: summer).until == Timestamp(rfc3339: "2026-10-25T01:00:00Z")?.seconds)
        #expect(PosixTimeZone("<+0330>-3:30")?.offset(at: summer).offset == 12_600)
        let julian = try #require(PosixTimeZone("AAA3BBB,J60/0,300/0"))
        #expect(julian.offset(at: try #require(Timestamp(rfc3339: "2028-03-01T03:00:00Z")).seconds).offset == -7_200)
        #expect(julian.offset(at: try #require(Timestamp(rfc3339: "2028-03-01T02:59:59Z")).seconds).offset == -10_800)
        for bad in [
            "", "X", "CET", "CET-1CEST,M13.1.0,M1.1.0", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x", "<+03", "CET-999",
        ] {
            #expect(PosixTimeZone(bad) == nil, "\(bad)")
        }
    }

    @Test func `a broken file is no zone and no crash`() throws {
        let good = try Array(Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
        #expect(TimeZoneRules(name: "x", tzif: good)?.changes.isEmpty == false)
        for length in 0..<good.count { _ = TimeZoneRules(name: "x", tzif: Array(good[..<length])) }
        var random = SeededGenerator(seed: 2)
        for _ in 0..<3_000 {
            var bytes = good
            for _ in 0..<4 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            guard let zone = TimeZoneRules(name: "x", tzif: bytes) else { continue }
            let (_, until) = zone.offset(at: 1_800_000_000)
            #expect(until ?? .max > 1_800_000_000)
        }
    }

    @Test(arguments: 0..<4) func `any text is a schedule or an error, and schedules move on`(seed: UInt64) {
        let pieces = [
            "*", "?", "0", "5", "59", "60", "-", "/", ",", " ", " ", "MON", "jan", "@every ", "1h", "@daily", "CRON_TZ=UTC ", "R5/",
            "P", "T", "1", "M", "é", "L", "#",
        ]
        var random = SeededGenerator(seed: seed)
        let start = Timestamp(seconds: 1_780_000_000)
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 1...14, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            do throws(ScheduleError) {
                let schedule = try Schedule(parsing: text)
                if let next = schedule.next(after: start) { #expect(next > start, "\(text)") }
            } catch {
                #expect(error.column >= 1 && error.column <= text.utf8.count + 1 && !error.problem.isEmpty, "\(text)")
            }
        }
        // A schedule is due exactly where its fields match: compared with looking at every second of a day.
        for _ in 0..<20 {
            let fields = [60, 60, 24].map { limit in
                (0..<Int.random(in: 1...3, using: &random)).map { _ in String(Int.random(in: 0..<limit, using: &random)) }.joined(
                    separator: ",")
            }
            guard let schedule = try? Schedule(parsing: fields.joined(separator: " ") + " * * *") else { continue }
            let sets = fields.map { Set($0.split(separator: ",").compactMap { Int($0) }) }
            let day = start.seconds / 86_400 * 86_400
            let expected = (0..<86_400).filter {
                sets[0].contains($0 % 60) && sets[1].contains($0 / 60 % 60) && sets[2].contains($0 / 3600)
            }
            var found: [Int] = []
            var moment = Timestamp(seconds: day - 1)
            while let next = schedule.next(after: moment), next.seconds < day + 86_400 {
                found.append(Int(next.seconds - day))
                moment = next
            }
            #expect(found == expected)
        }
    }
}
