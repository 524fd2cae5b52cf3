import Testing

@testable import mecha

@Suite struct RunStateMachineTests {
    private func one() -> RunStateMachine { RunStateMachine(hasCommand: [true], isTemplate: false) }
    private func many(_ hasCommand: [Bool] = [true, true]) -> RunStateMachine { RunStateMachine(hasCommand: hasCommand, isTemplate: true) }

    private func running(_ machine: RunStateMachine) -> RunStateMachine {
        var machine = machine
        _ = machine.handle(.runtimeStarted)
        for app in machine.apps.indices where machine.apps[app] == .launching || machine.apps[app] == .waiting {
            _ = machine.handle(.appStarted(app, pid: 100 + Int32(app)))
        }
        return machine
    }

    // MARK: One app

    @Test func `the app starts when the runtime has`() {
        var machine = one()
        #expect(machine.handle(.runtimeStarted) == [.tell(.runtimeUp), .tell(.preparing(0)), .launch(0)])
        #expect(machine.handle(.appStarted(0, pid: 7)) == [.tell(.appUp(0, pid: 7)), .tell(.allUp), .updateRecord])
    }

    @Test func `a runtime without a command just runs`() {
        var machine = RunStateMachine(hasCommand: [false], isTemplate: false)
        #expect(
            machine.handle(.runtimeStarted)
                == [.tell(.runtimeUp), .tell(.preparing(0)), .tell(.appUp(0, pid: nil)), .tell(.allUp), .updateRecord])
        #expect(machine.handle(.stopSignal) == [.tell(.stopping), .stopRuntime])
        #expect(machine.handle(.runtimeStopped) == [.tell(.stopped([.absent])), .exit(0)])
    }

    @Test func `a runtime that cannot start ends the run with code 1`() {
        var machine = one()
        #expect(machine.handle(.runtimeFailed("port 3500 is in use")) == [.tell(.runtimeFailed("port 3500 is in use")), .exit(1)])
    }

    @Test func `the app's good end ends the run well`() {
        var machine = running(one())
        #expect(
            machine.handle(.appExited(0, .code(0))) == [
                .tell(.appExited(0, .code(0))), .tell(.stopping), .stop(0), .setDeadline(RunStateMachine.stopPatience),
            ])
        #expect(machine.handle(.appCleared(0)) == [.stopRuntime])
        #expect(machine.handle(.runtimeStopped) == [.tell(.stopped([.ended(.code(0))])), .exit(0)])
    }

    @Test func `the app's failure is the run's failure`() {
        var machine = running(one())
        #expect(machine.handle(.appExited(0, .code(3))).first == .tell(.appExited(0, .code(3))))
        _ = machine.handle(.appCleared(0))
        #expect(machine.handle(.runtimeStopped) == [.tell(.stopped([.ended(.code(3))])), .exit(1)])
    }

    @Test func `a signal ends the app, then the runtime, with code 0 whatever the app answers`() {
        var machine = running(one())
        #expect(machine.handle(.stopSignal) == [.tell(.stopping), .stop(0), .setDeadline(RunStateMachine.stopPatience)])
        #expect(machine.handle(.appExited(0, .signal(15))) == [])
        #expect(machine.handle(.appCleared(0)) == [.stopRuntime])
        #expect(machine.handle(.runtimeStopped) == [.tell(.stopped([.stopped(.signal(15))])), .exit(0)])
    }

    @Test func `the runtime stays until nothing of the app is left`() {
        var machine = running(one())
        _ = machine.handle(.stopSignal)
        #expect(machine.handle(.appExited(0, .code(0))) == [])
        #expect(machine.handle(.runtimeStopped) == [])
        #expect(machine.handle(.appCleared(0)) == [.stopRuntime])
    }

    @Test func `a guard that does not finish is not waited for beyond the deadline`() {
        var machine = running(one())
        _ = machine.handle(.stopSignal)
        #expect(machine.handle(.deadlinePassed) == [.kill(0), .stopRuntime])
        #expect(machine.handle(.appCleared(0)) == [])
        #expect(machine.handle(.runtimeStopped).last == .exit(0))
    }

    @Test func `a second signal waits for nobody`() {
        var machine = running(one())
        _ = machine.handle(.stopSignal)
        #expect(machine.handle(.stopSignal) == [.kill(0), .exit(0)])
        #expect(machine.handle(.runtimeStopped) == [])
    }

    @Test func `a signal before the runtime has started ends it in order once it has`() {
        var machine = one()
        #expect(machine.handle(.stopSignal) == [.setDeadline(RunStateMachine.startPatience)])
        #expect(machine.handle(.runtimeStarted) == [.tell(.stopping), .stopRuntime])
        #expect(machine.handle(.deadlinePassed) == [])
        #expect(machine.handle(.runtimeStopped).last == .exit(0))
    }

    @Test(arguments: [RunStateMachine.Event.stopSignal, .deadlinePassed, .runtimeFailed("no port")])
    func `nobody waits long for a start that is not wanted`(event: RunStateMachine.Event) {
        var machine = one()
        _ = machine.handle(.stopSignal)
        #expect(machine.handle(event) == [.exit(0)])
        #expect(machine.handle(.runtimeStarted) == [])
    }

    @Test func `a signal while the app is being started stops it`() {
        var machine = one()
        _ = machine.handle(.runtimeStarted)
        #expect(machine.handle(.stopSignal).contains(.stop(0)))
        #expect(machine.handle(.appStarted(0, pid: 7)) == [])
        #expect(machine.handle(.appExited(0, .signal(15))) == [])
        #expect(machine.handle(.appCleared(0)) == [.stopRuntime])
    }

    @Test func `a command that cannot be started ends the run with code 1`() {
        var machine = one()
        _ = machine.handle(.runtimeStarted)
        let actions = machine.handle(.appNotStarted(0, "No such file or directory"))
        #expect(actions.starts(with: [.tell(.appNotStarted(0, "No such file or directory")), .tell(.stopping)]))
        #expect(machine.handle(.appCleared(0)) == [.stopRuntime])
        #expect(machine.handle(.runtimeStopped).last == .exit(1))
    }

    @Test func `a request for shutdown ends the run as a signal does`() {
        var machine = running(one())
        #expect(
            machine.handle(.shutdownRequested(app: 0, isForced: false))
                == [.tell(.stopping), .stop(0), .setDeadline(RunStateMachine.stopPatience)])
        _ = machine.handle(.appExited(0, .code(1)))
        _ = machine.handle(.appCleared(0))
        #expect(machine.handle(.runtimeStopped).last == .exit(0))
    }

    @Test func `a forced shutdown kills the app and ends with code 1`() {
        var machine = running(one())
        #expect(machine.handle(.shutdownRequested(app: 0, isForced: true)) == [.kill(0), .exit(1)])
    }

    @Test func `a shutdown can still be forced while the run ends`() {
        var machine = running(one())
        _ = machine.handle(.stopSignal)
        #expect(machine.handle(.shutdownRequested(app: 0, isForced: true)) == [.kill(0), .exit(1)])
    }

    // MARK: Templates

    @Test func `apps start one after the other`() {
        var machine = many([true, false, true])
        #expect(machine.handle(.runtimeStarted) == [.tell(.runtimeUp), .tell(.preparing(0)), .launch(0)])
        #expect(
            machine.handle(.appStarted(0, pid: 1)) == [
                .tell(.appUp(0, pid: 1)), .tell(.preparing(1)), .tell(.appUp(1, pid: nil)), .tell(.preparing(2)), .launch(2),
            ])
        #expect(machine.handle(.appStarted(2, pid: 3)) == [.tell(.appUp(2, pid: 3)), .tell(.allUp), .updateRecord])
    }

    @Test func `the end of one app leaves the others alone`() {
        var machine = running(many())
        #expect(machine.handle(.appExited(0, .code(1))) == [.tell(.appExited(0, .code(1))), .updateRecord])
        #expect(machine.handle(.appCleared(0)) == [])
        #expect(machine.handle(.stopSignal) == [.tell(.stopping), .stop(1), .setDeadline(RunStateMachine.stopPatience)])
        _ = machine.handle(.appExited(1, .signal(15)))
        #expect(machine.handle(.appCleared(1)) == [.stopRuntime])
        #expect(machine.handle(.runtimeStopped) == [.tell(.stopped([.ended(.code(1)), .stopped(.signal(15))])), .exit(0)])
    }

    @Test func `the run ends with its last app, badly when one has failed`() {
        var machine = running(many())
        _ = machine.handle(.appExited(0, .code(1)))
        _ = machine.handle(.appCleared(0))
        #expect(machine.handle(.appExited(1, .code(0))).contains(.tell(.stopping)))
        #expect(machine.handle(.appCleared(1)) == [.stopRuntime])
        #expect(machine.handle(.runtimeStopped).last == .exit(1))
    }

    @Test func `an app without a command keeps the run going`() {
        var machine = running(many([true, false]))
        #expect(machine.handle(.appExited(0, .code(0))) == [.tell(.appExited(0, .code(0))), .updateRecord])
    }

    @Test func `an app that ends while the next one starts does not stop the start`() {
        var machine = many()
        _ = machine.handle(.runtimeStarted)
        _ = machine.handle(.appStarted(0, pid: 1))
        #expect(machine.handle(.appExited(0, .code(0))) == [.tell(.appExited(0, .code(0)))])
        #expect(machine.handle(.appStarted(1, pid: 2)) == [.tell(.appUp(1, pid: 2)), .tell(.allUp), .updateRecord])
    }

    @Test func `one app may be taken out of the run`() {
        var machine = running(many())
        #expect(machine.handle(.shutdownRequested(app: 0, isForced: false)) == [.stop(0)])
        #expect(machine.handle(.shutdownRequested(app: 0, isForced: false)) == [])
        #expect(machine.handle(.appExited(0, .signal(15))) == [])
        #expect(machine.handle(.appCleared(0)) == [.closeApp(0)])
        #expect(machine.handle(.appClosed(0)) == [.tell(.appClosed(0, .stopped(.signal(15)))), .updateRecord])
        #expect(machine.apps == [.gone, .running])
        #expect(machine.handle(.shutdownRequested(app: 1, isForced: false)).contains(.tell(.stopping)))
        _ = machine.handle(.appExited(1, .signal(15)))
        #expect(machine.handle(.appCleared(1)) == [.stopRuntime])
        #expect(machine.handle(.runtimeStopped).last == .exit(0))
    }

    @Test func `an app that has ended, or has no command, is closed at once`() {
        var machine = running(many([true, false, true]))
        _ = machine.handle(.appExited(0, .code(0)))
        _ = machine.handle(.appCleared(0))
        #expect(machine.handle(.shutdownRequested(app: 0, isForced: false)) == [.closeApp(0)])
        #expect(machine.handle(.shutdownRequested(app: 1, isForced: false)) == [.closeApp(1)])
        #expect(machine.handle(.appClosed(1)) == [.tell(.appClosed(1, .absent)), .updateRecord])
        // The last one takes the run with it; who is still closing is waited for by the runtime.
        #expect(machine.handle(.appExited(2, .code(0))).contains(.tell(.stopping)))
        #expect(machine.handle(.appCleared(2)) == [.stopRuntime])
        #expect(machine.handle(.appClosed(0)) == [.tell(.appClosed(0, .ended(.code(0))))])
        #expect(machine.handle(.runtimeStopped).last == .exit(0))
    }

    @Test func `an app that is taken out before its turn is not started`() {
        var machine = many([true, true, true])
        _ = machine.handle(.runtimeStarted)
        #expect(machine.handle(.shutdownRequested(app: 1, isForced: false)) == [.closeApp(1)])
        #expect(machine.handle(.appClosed(1)) == [.tell(.appClosed(1, .waiting))])
        #expect(
            machine.handle(.appStarted(0, pid: 1)) == [.tell(.appUp(0, pid: 1)), .tell(.preparing(2)), .launch(2)])
    }

    @Test func `a command that cannot be started ends the whole template`() {
        var machine = many([true, true, true])
        _ = machine.handle(.runtimeStarted)
        _ = machine.handle(.appStarted(0, pid: 1))
        let actions = machine.handle(.appNotStarted(1, "No such file or directory"))
        #expect(actions.contains(.stop(0)))
        #expect(!actions.contains(.launch(2)))
        _ = machine.handle(.appCleared(1))
        _ = machine.handle(.appExited(0, .signal(15)))
        #expect(machine.handle(.appCleared(0)) == [.stopRuntime])
        #expect(machine.handle(.runtimeStopped).last == .exit(1))
    }
}
