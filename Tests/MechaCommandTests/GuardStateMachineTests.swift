import Testing

@testable import mecha

@Suite struct GuardStateMachineTests {
    @Test func `the leader's end is reported and ends the rest of the group`() {
        var machine = GuardStateMachine()
        #expect(
            machine.handle(.leaderExited(.code(3))) == [.report(.code(3)), .terminateGroup, .setDeadline(GuardStateMachine.patience)])
        #expect(machine.handle(.groupEmptied) == [.finish])
    }

    @Test func `a stop request gives the group its time`() {
        var machine = GuardStateMachine()
        #expect(machine.handle(.stopRequested) == [.terminateGroup, .setDeadline(GuardStateMachine.patience)])
        #expect(machine.handle(.leaderExited(.signal(15))) == [.report(.signal(15))])
        #expect(machine.handle(.groupEmptied) == [.finish])
    }

    @Test func `what ignores the request is killed at the deadline`() {
        var machine = GuardStateMachine()
        _ = machine.handle(.stopRequested)
        #expect(machine.handle(.deadlinePassed) == [.killGroup, .setDeadline(GuardStateMachine.killPatience)])
        #expect(machine.handle(.leaderExited(.signal(9))) == [.report(.signal(9))])
        #expect(machine.handle(.groupEmptied) == [.finish])
    }

    @Test func `what a leader leaves behind is killed at the deadline`() {
        var machine = GuardStateMachine()
        _ = machine.handle(.leaderExited(.code(0)))
        #expect(machine.handle(.deadlinePassed) == [.killGroup, .setDeadline(GuardStateMachine.killPatience)])
        #expect(machine.handle(.groupEmptied) == [.finish])
    }

    @Test func `a kill request does not wait`() {
        var machine = GuardStateMachine()
        #expect(machine.handle(.killRequested) == [.killGroup, .setDeadline(GuardStateMachine.killPatience)])
        #expect(machine.handle(.killRequested) == [])
        var stopping = GuardStateMachine()
        _ = stopping.handle(.stopRequested)
        #expect(stopping.handle(.killRequested) == [.killGroup, .setDeadline(GuardStateMachine.killPatience)])
    }

    @Test func `a process that even SIGKILL does not end is given up`() {
        var machine = GuardStateMachine()
        _ = machine.handle(.killRequested)
        #expect(machine.handle(.deadlinePassed) == [.finish])
        #expect(machine.handle(.groupEmptied) == [])
    }

    @Test func `the group counts as empty only after its leader was collected`() {
        var machine = GuardStateMachine()
        _ = machine.handle(.stopRequested)
        #expect(machine.handle(.groupEmptied) == [])
    }

    @Test func `the end of the one who asks, after the leader's end, changes nothing`() {
        var machine = GuardStateMachine()
        _ = machine.handle(.leaderExited(.code(0)))
        #expect(machine.handle(.stopRequested) == [])
    }

    @Test(arguments: [GuardReport.started(pid: 42), .notStarted(2), .exited(.code(3)), .exited(.signal(9))])
    func `a report comes back as it was sent`(report: GuardReport) {
        #expect(GuardReport(line: report.line.dropLast()) == report)
    }

    @Test(arguments: ["", "started", "started x", "gone 1", "exited 1 2"])
    func `a line that is no report is none`(line: String) {
        #expect(GuardReport(line: line) == nil)
    }
}
