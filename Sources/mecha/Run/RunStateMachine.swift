/// The course of `mecha run` and `mecha serve`: the runtime, then the apps, then the end of all, as a
/// state machine that knows no process, no clock and no words.
///
/// One app: its end ends the run, and its failure is the run's failure. Several apps (a run template):
/// the end of one leaves the others alone, as with Dapr; the run ends with the last. One that is asked to
/// shut down is ended, and then its part of the runtime is closed. A stop signal ends the apps first, so
/// that they can still use their runtime while they finish, then the runtime.
struct RunStateMachine: Sendable {
    enum Event: Equatable {
        case runtimeStarted
        case runtimeFailed(String)
        case appStarted(Int, pid: Int32)
        case appNotStarted(Int, String)
        case appExited(Int, ProcessExit)
        /// No process of the app is left.
        case appCleared(Int)
        /// SIGINT, SIGTERM or SIGHUP.
        case stopSignal
        /// A client asked the API of an app for shutdown.
        case shutdownRequested(app: Int, isForced: Bool)
        /// The app's part of the runtime is closed.
        case appClosed(Int)
        case runtimeStopped
        case deadlinePassed
    }

    enum Action: Equatable {
        case launch(Int)
        case stop(Int)
        case kill(Int)
        /// Close the app's part of the runtime: its listeners and components.
        case closeApp(Int)
        case stopRuntime
        case setDeadline(Duration)
        /// The set of running apps changed.
        case updateRecord
        case tell(RunNotice)
        case exit(Int32)
    }

    enum AppPhase: Equatable {
        case waiting, launching, running
        /// Its first process ended by itself; others of its group may be left.
        case ended(ProcessExit)
        /// Its first process ended after it was asked to.
        case stopped(ProcessExit)
        case notStarted(String)
        /// There is no command; the app runs elsewhere and only uses the runtime.
        case absent
        /// Taken out of the run, with its part of the runtime.
        case gone
    }

    /// How long the guards may take for the apps' end: their own patience and some more.
    static let stopPatience = GuardStateMachine.patience + GuardStateMachine.killPatience + .seconds(1)

    /// How long a start that is no longer wanted may take until it can be ended in order. Its listeners serve
    /// before the start is over.
    static let startPatience = Duration.seconds(2)

    private enum Phase { case starting, unwanted, launching, running, stopping, draining, over }

    private let isTemplate: Bool
    private var phase = Phase.starting
    private(set) var apps: [AppPhase]
    private var isCleared: [Bool]
    /// Apps that a shutdown request of their own takes out of the run.
    private var isWithdrawn: [Bool]
    private var exitCode: Int32 = 0

    /// `hasCommand` tells for each app whether there is something to start.
    init(hasCommand: [Bool], isTemplate: Bool) {
        self.isTemplate = isTemplate
        apps = hasCommand.map { $0 ? .waiting : .absent }
        isCleared = hasCommand.map { !$0 }
        isWithdrawn = hasCommand.map { _ in false }
    }

    mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .runtimeStarted: runtimeStarted()
        case .runtimeFailed(let reason): runtimeFailed(reason)
        case .appStarted(let app, let pid): appStarted(app, pid: pid)
        case .appNotStarted(let app, let reason): appNotStarted(app, reason)
        case .appExited(let app, let exit): appExited(app, exit)
        case .appCleared(let app): appCleared(app)
        case .stopSignal: stopSignal()
        case .shutdownRequested(let app, let isForced): shutdownRequested(app, isForced: isForced)
        case .appClosed(let app): appClosed(app)
        case .runtimeStopped: runtimeStopped()
        case .deadlinePassed: deadlinePassed()
        }
    }

    // MARK: Start

    private mutating func runtimeStarted() -> [Action] {
        if phase == .unwanted {
            phase = .running
            return beginStop()
        }
        guard phase == .starting else { return [] }
        phase = .launching
        return [.tell(.runtimeUp)] + launchNext(after: -1)
    }

    private mutating func runtimeFailed(_ reason: String) -> [Action] {
        if phase == .unwanted { return abandon(exitCode: 0) }
        guard phase == .starting else { return [] }
        phase = .over
        return [.tell(.runtimeFailed(reason)), .exit(1)]
    }

    /// Apps start one after the other, so that the words about one stand together.
    private mutating func launchNext(after previous: Int) -> [Action] {
        var actions: [Action] = []
        for app in apps.indices where app > previous && !isWithdrawn[app] {
            actions.append(.tell(.preparing(app)))
            guard apps[app] == .absent else {
                apps[app] = .launching
                return actions + [.launch(app)]
            }
            actions.append(.tell(.appUp(app, pid: nil)))
        }
        phase = .running
        actions += [.tell(.allUp), .updateRecord]
        return actions + endIfNothingRuns()
    }

    private mutating func appStarted(_ app: Int, pid: Int32) -> [Action] {
        guard apps[app] == .launching else { return [] }
        apps[app] = .running
        guard phase == .launching else { return [] }
        return [.tell(.appUp(app, pid: pid))] + launchNext(after: app)
    }

    private mutating func appNotStarted(_ app: Int, _ reason: String) -> [Action] {
        apps[app] = .notStarted(reason)
        exitCode = 1
        return [.tell(.appNotStarted(app, reason))] + beginStop()
    }

    // MARK: Life

    private mutating func appExited(_ app: Int, _ exit: ProcessExit) -> [Action] {
        guard phase == .launching || phase == .running, !isWithdrawn[app] else {
            apps[app] = .stopped(exit)
            return []
        }
        apps[app] = .ended(exit)
        if !exit.isSuccess { exitCode = 1 }
        let news = Action.tell(.appExited(app, exit))
        if !isTemplate { return [news] + beginStop() }
        return [news] + (phase == .running ? [.updateRecord] + endIfNothingRuns() : [])
    }

    private mutating func appCleared(_ app: Int) -> [Action] {
        isCleared[app] = true
        switch phase {
        case .stopping: return drainIfCleared()
        case .launching, .running: return isWithdrawn[app] ? [.closeApp(app)] : []
        case .starting, .unwanted, .draining, .over: return []
        }
    }

    private mutating func shutdownRequested(_ app: Int, isForced: Bool) -> [Action] {
        switch phase {
        case .starting, .launching, .running:
            if isForced { return abandon(exitCode: 1) }
            guard !isWithdrawn[app] else { return [] }
            isWithdrawn[app] = true
            guard isTemplate, phase != .starting, apps.indices.contains(where: isAlive) else { return beginStop() }
            if apps[app] == .waiting { isCleared[app] = true }
            return [isCleared[app] ? .closeApp(app) : .stop(app)]
        case .unwanted, .stopping, .draining, .over:
            return isForced && phase != .over ? abandon(exitCode: 1) : []
        }
    }

    private mutating func appClosed(_ app: Int) -> [Action] {
        guard phase != .over else { return [] }
        let last = apps[app]
        apps[app] = .gone
        return [.tell(.appClosed(app, last))] + (phase == .running ? [.updateRecord] : [])
    }

    /// Whether the app still counts: it runs, or has nothing to run and was not withdrawn.
    private func isAlive(_ app: Int) -> Bool {
        switch apps[app] {
        case .waiting, .launching, .running, .absent: !isWithdrawn[app]
        case .ended, .stopped, .notStarted, .gone: false
        }
    }

    private mutating func endIfNothingRuns() -> [Action] {
        apps.indices.contains(where: isAlive) ? [] : beginStop()
    }

    // MARK: End

    private mutating func stopSignal() -> [Action] {
        switch phase {
        case .starting:
            phase = .unwanted
            giveUpWaiting()
            return [.setDeadline(Self.startPatience)]
        case .unwanted:
            return abandon(exitCode: 0)
        case .launching, .running:
            exitCode = 0
            return beginStop()
        case .stopping, .draining:
            // Asked twice: do not wait for anybody.
            return abandon(exitCode: exitCode)
        case .over:
            return []
        }
    }

    private mutating func beginStop() -> [Action] {
        guard phase == .launching || phase == .running else { return [] }
        phase = .stopping
        giveUpWaiting()
        let left = apps.indices.filter { !isCleared[$0] }
        let stops = left.map(Action.stop)
        return [.tell(.stopping)] + stops + (left.isEmpty ? [] : [.setDeadline(Self.stopPatience)]) + drainIfCleared()
    }

    /// Apps whose turn did not come are not launched any more.
    private mutating func giveUpWaiting() {
        for app in apps.indices where apps[app] == .waiting {
            apps[app] = .absent
            isCleared[app] = true
        }
    }

    private mutating func drainIfCleared() -> [Action] {
        guard isCleared.allSatisfy({ $0 }) else { return [] }
        phase = .draining
        return [.stopRuntime]
    }

    private mutating func deadlinePassed() -> [Action] {
        if phase == .unwanted { return abandon(exitCode: 0) }
        guard phase == .stopping else { return [] }
        phase = .draining
        return apps.indices.filter { !isCleared[$0] }.map(Action.kill) + [.stopRuntime]
    }

    private mutating func abandon(exitCode: Int32) -> [Action] {
        phase = .over
        return apps.indices.filter { !isCleared[$0] }.map(Action.kill) + [.exit(exitCode)]
    }

    private mutating func runtimeStopped() -> [Action] {
        guard phase == .draining else { return [] }
        phase = .over
        return [.tell(.stopped(apps)), .exit(exitCode)]
    }
}
