import MechaRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Carries out a ``RunPlan``: feeds what happens to a ``RunStateMachine`` and does what it says.
struct RunSession {
    private let plan: RunPlan
    private let context: CommandContext
    private let narrator: RunNarrator
    private let records: RunRecordStore
    private let events: AsyncStream<RunStateMachine.Event>
    private let send: AsyncStream<RunStateMachine.Event>.Continuation
    private var machine: RunStateMachine
    private var runtime: Runtime?
    private var processes: [Int: AppProcess] = [:]
    private var appPIDs: [Int: Int32] = [:]

    init(plan: RunPlan, context: CommandContext) throws(CommandError) {
        self.plan = plan
        self.context = context
        narrator = try RunNarrator(plan: plan, console: context.console)
        records = RunRecordStore(folder: context.folders.runRecords)
        (events, send) = AsyncStream.makeStream()
        machine = RunStateMachine(hasCommand: plan.apps.map { !$0.command.isEmpty }, isTemplate: plan.template != nil)
    }

    /// The process's exit code, once all is over.
    mutating func run() async -> Int32 {
        let send = send
        context.signals?.start { [records, ids = plan.apps.map(\.options.appID)] signal in
            guard signal == RunRecordStore.stopRequestSignal else {
                _ = send.yield(.stopSignal)
                return
            }
            for app in records.takeOwnStopRequests().compactMap({ ids.firstIndex(of: $0) }) {
                send.yield(.shutdownRequested(app: app, isForced: false))
            }
        }
        var options = plan.runtimeOptions
        options.adminSocket = AdminSocket.path(runRecords: context.folders.runRecords)
        let start = Task { [options] in try await Runtime.start(options) }
        Task {
            switch await start.result {
            case .success: send.yield(.runtimeStarted)
            case .failure(let error): send.yield(.runtimeFailed(String(describing: error)))
            }
        }
        for await event in events {
            if event == .runtimeStarted { runtime = try? await start.value }
            if case .appStarted(let app, let pid) = event { appPIDs[app] = pid }
            if case .runtimeStarted = event { listenForShutdownRequests() }
            for action in machine.handle(event) {
                if case .exit(let code) = action {
                    records.removeOwn()
                    return code
                }
                perform(action)
            }
        }
        return 1
    }

    private mutating func perform(_ action: RunStateMachine.Action) {
        switch action {
        case .launch(let app): launch(app)
        case .stop(let app): processes[app]?.stop()
        case .kill(let app): processes[app]?.kill()
        case .closeApp(let app): close(app)
        case .stopRuntime: stopRuntime()
        case .setDeadline(let duration):
            Task { [send] in
                try await Task.sleep(for: duration)
                send.yield(.deadlinePassed)
            }
        case .updateRecord: updateRecord()
        case .tell(let notice):
            if case .appUp(let app, _) = notice { updateMetadata(of: app) }
            narrator.tell(notice, ports: runtime?.apps ?? [])
        case .exit: break
        }
    }

    private mutating func launch(_ app: Int) {
        guard let runtime else { return }
        let planned = plan.apps[app]
        let command = AppCommand(
            words: planned.command,
            environment: AppEnvironment.make(for: planned, ports: runtime.apps[app], inherited: context.environment),
            directory: planned.directory, isOutputCarried: plan.template != nil)
        do {
            processes[app] = try AppProcess.launch(command) { [send] report in
                switch report {
                case .started(let pid): send.yield(.appStarted(app, pid: pid))
                case .notStarted(let reason): send.yield(.appNotStarted(app, reason))
                case .exited(let exit): send.yield(.appExited(app, exit))
                case .cleared: send.yield(.appCleared(app))
                }
            } line: { [narrator] line in
                narrator.carry(line, from: app)
            }
        } catch {
            send.yield(.appNotStarted(app, error.message))
            send.yield(.appCleared(app))
        }
    }

    private func close(_ app: Int) {
        Task { [runtime, send, appID = plan.apps[app].options.appID] in
            await runtime?.close(app: appID)
            send.yield(.appClosed(app))
        }
    }

    private func stopRuntime() {
        Task { [runtime, send] in
            await runtime?.shutdown()
            send.yield(.runtimeStopped)
        }
    }

    private func listenForShutdownRequests() {
        guard let runtime else { return }
        Task { [send, ids = plan.apps.map(\.options.appID)] in
            for await request in runtime.shutdownRequests {
                guard let app = ids.firstIndex(of: request.appID) else { continue }
                send.yield(.shutdownRequested(app: app, isForced: request.isForced))
            }
        }
    }

    /// What other tools read from the runtime about the app (section 3.3 of the Dapr surface).
    private func updateMetadata(of app: Int) {
        let planned = plan.apps[app]
        var values: [String: String] = [:]
        if !plan.isServe { values["cliPID"] = "\(getpid())" }
        values["appPID"] = appPIDs[app].map { "\($0)" }
        if !planned.command.isEmpty { values["appCommand"] = planned.command.joined(separator: " ") }
        if let template = plan.template {
            values["runTemplatePath"] = template.path
            values["runTemplateName"] = template.name
            values["appLogPath"] = planned.appLog.file
            values["daprdLogPath"] = planned.daprLog.file
        }
        for (key, value) in values { runtime?.setMetadata(key, value, app: planned.options.appID) }
    }

    private func updateRecord() {
        guard let runtime else { return }
        let apps = plan.apps.indices.filter { machine.apps[$0] != .gone }.map { app in
            RunRecord.App(plan.apps[app], ports: runtime.apps[app], pid: appPIDs[app])
        }
        do {
            try records.saveOwn(RunRecord.own(apps: apps, isServe: plan.isServe, template: plan.template, adminSocket: runtime.adminSocket))
        } catch {
            context.console.note("This run will not be listed: \(error)")
        }
    }
}
