import MechaCore
import Testing

@testable import MechaFunctions

@Suite struct ReleaseTests {
    private static let second: UInt64 = 1_000_000_000

    private func release(
        steps: [Int] = [5, 50, 100], errors: Int? = 1_000, latency: Int? = 200, calls: Int = 10
    ) throws -> Release {
        let before = try #require(TrafficSplit([1: 100]))
        return Release(
            revision: 2,
            plan: try ReleasePlan(
                steps: steps, waitMilliseconds: 30_000, errorsPer100000AtMost: errors, p99MillisecondsAtMost: latency, callsAtLeast: calls),
            before: before)
    }

    @Test func `a revision that does well gets all calls, step by step`() throws {
        var release = try release()
        let good = Release.Window(calls: 100, failures: 1, p99Milliseconds: 12)
        #expect(release.judge(.init(), at: 0) == .give(percent: 5))
        #expect(release.split.description == "1=19 2=1")
        #expect(release.judge(good, at: 29 * Self.second) == .none)
        #expect(release.judge(good, at: 30 * Self.second) == .give(percent: 50))
        #expect(release.split.description == "1=1 2=1")
        #expect(release.judge(good, at: 59 * Self.second) == .none)
        #expect(release.judge(good, at: 61 * Self.second) == .give(percent: 100))
        #expect(release.split.description == "2=100")
        #expect(release.judge(good, at: 90 * Self.second) == .none)
        #expect(release.judge(good, at: 91 * Self.second) == .finish)
        #expect(release.phase == .done && release.judge(good, at: 200 * Self.second) == .none)
    }

    @Test func `failures and slowness send the calls back at once, with the reason`() throws {
        var failing = try release()
        _ = failing.judge(.init(), at: 0)
        // Too few to judge by.
        #expect(failing.judge(.init(calls: 9, failures: 9, p99Milliseconds: 1), at: Self.second) == .none)
        #expect(failing.judge(.init(calls: 10, failures: 1, p99Milliseconds: 1), at: 2 * Self.second) == .rollBack)
        #expect(failing.phase == .rolledBack(reason: "1 of 10 calls failed (10.0 %; at most 1.0 % may) at 5 %"))
        #expect(failing.split.description == "1=100")
        #expect(failing.judge(.init(calls: 10, failures: 10, p99Milliseconds: 1), at: 3 * Self.second) == .none)

        var slow = try release()
        _ = slow.judge(.init(), at: 0)
        #expect(slow.judge(.init(calls: 50, failures: 0, p99Milliseconds: 200), at: Self.second) == .none)
        #expect(slow.judge(.init(calls: 50, failures: 0, p99Milliseconds: 200.5), at: Self.second) == .rollBack)
        guard case .rolledBack(let reason) = slow.phase else { return #expect(Bool(false)) }
        #expect(reason.contains("201 ms") && reason.contains("at most 200 ms"))

        var free = try release(errors: nil, latency: nil)
        _ = free.judge(.init(), at: 0)
        #expect(free.judge(.init(calls: 50, failures: 50, p99Milliseconds: 9_999), at: 30 * Self.second) == .give(percent: 50))
    }

    @Test func `a step without enough calls lasts, unless none are asked for`() throws {
        var quiet = try release()
        _ = quiet.judge(.init(), at: 0)
        #expect(quiet.judge(.init(calls: 9), at: 3_600 * Self.second) == .none)
        #expect(quiet.judge(.init(calls: 10), at: 3_601 * Self.second) == .give(percent: 50))
        var idle = try release(calls: 0)
        _ = idle.judge(.init(), at: 0)
        #expect(idle.judge(.init(), at: 30 * Self.second) == .give(percent: 50))
        #expect(idle.judge(.init(calls: 1, failures: 1), at: 31 * Self.second) == .rollBack)
    }

    @Test func `what is written down begins its step anew`() throws {
        var release = try release()
        _ = release.judge(.init(), at: 0)
        _ = release.judge(.init(calls: 10), at: 30 * Self.second)
        var read = try #require(Release(release.json))
        #expect(read.phase == .running(step: 1) && read.plan == release.plan && read.before == release.before)
        // Another process's clock says nothing about this one's.
        #expect(read.judge(.init(calls: 10), at: 5) == .give(percent: 50))
        #expect(read.judge(.init(calls: 10), at: 5 + 30 * Self.second) == .give(percent: 100))
        for phase in ["done", "rolledBack", "ended"] {
            var document = release.json.objectValue ?? []
            document.removeAll { $0.name == "phase" }
            let other = try #require(Release(.object(document + [.init("phase", .string(phase)), .init("reason", "because")])))
            #expect(!other.isRunning && Release(other.json) == other)
        }
        #expect(Release(["revision": 1]) == nil)
    }

    @Test(arguments: [[], [0, 100], [50, 25], [5, 5], [101], [-1, 50], Array(1...60)]) func `steps that are none are refused`(
        _ steps: [Int]
    ) {
        #expect(throws: FunctionBaseError.self) { try ReleasePlan(steps: steps) }
    }

    @Test func `100 is the last step`() throws {
        #expect(try ReleasePlan(steps: [5, 25]).steps == [5, 25, 100])
        #expect(throws: FunctionBaseError.self) { try ReleasePlan(steps: [5], errorsPer100000AtMost: 100_001) }
        #expect(throws: FunctionBaseError.self) { try ReleasePlan(steps: [5], p99MillisecondsAtMost: 0) }
        #expect(throws: FunctionBaseError.self) { try ReleasePlan(steps: [5], waitMilliseconds: -1) }
    }

    @Test func `a state knows its releases, and who moves an alias ends them`() throws {
        var state = FunctionState(origin: .deployed)
        _ = try state.deploy(alias: "prod", percent: 100)
        _ = try state.deploy(alias: nil, percent: 0)
        var release = try release()
        try state.begin(release, alias: "prod")
        #expect(throws: FunctionBaseError.self) { try state.begin(release, alias: "prod") }
        #expect(throws: FunctionBaseError.self) { try state.begin(release, alias: "dev") }
        #expect(state.aliases["prod"]?.split.description == "1=19 2=1" && state.routed == [1, 2])
        _ = release.judge(.init(), at: 0)
        _ = release.judge(.init(calls: 10), at: 30 * Self.second)
        _ = release.judge(.init(calls: 10), at: 60 * Self.second)
        state.advance(release, alias: "prod")
        // Where it may go back to stays ready.
        #expect(state.aliases["prod"]?.split.description == "2=100" && state.routed == [1, 2])
        let read = try #require(FunctionState(state.json))
        #expect(read.releases["prod"]?.phase == .running(step: 2))
        var moved = state
        try moved.set("prod", TrafficSplit(1))
        #expect(moved.releases["prod"]?.phase == .ended(reason: "the alias was moved"))
        var back = state
        try back.rollback("prod", usable: [1, 2])
        #expect(back.aliases["prod"]?.split.description == "1=100" && back.releases["prod"]?.isRunning == false)
        _ = release.judge(.init(calls: 10), at: 90 * Self.second)
        state.advance(release, alias: "prod")
        #expect(state.releases["prod"]?.phase == .done && state.routed == [2])
        // After it is done, a rollback leads to where the calls went before it.
        try state.rollback("prod", usable: [1, 2])
        #expect(state.aliases["prod"]?.split.description == "1=100")
    }

    @Test func `the 99th of 100 calls is measured within a tenth`() {
        let meter = ReleaseMeter(revision: 2)
        #expect(meter.window == .init())
        for index in 1...1_000 { meter.add(nanoseconds: UInt64(index) * 1_000_000, failed: index % 10 == 0) }
        let window = meter.window
        #expect(window.calls == 1_000 && window.failures == 100)
        #expect((990...1_100).contains(window.p99Milliseconds))
        meter.reset()
        meter.add(nanoseconds: .max, failed: true)
        #expect(meter.window.calls == 1 && meter.window.p99Milliseconds > 3_600_000)
    }
}
