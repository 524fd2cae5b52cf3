#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Ends runtimes that other processes run.
struct Stopper: Sendable {
    private static let lookPause = Duration.milliseconds(50)

    let context: CommandContext
    /// How long to wait for the processes' end, after which they are killed; nil for not at all.
    let patience: Duration?

    private var store: RunRecordStore { RunRecordStore(folder: context.folders.runRecords) }

    /// Ends the app with that id: its whole process, or, when that serves other apps too, the app alone.
    func stop(_ appID: String) async throws(CommandError) {
        let running = try RunningApp.find(appID, in: store)
        guard running.record.apps.count > 1 else { return try await end(running.record.process) }
        try store.requestStop(of: appID, in: running.record.process)
        guard let patience else { return }
        let deadline = ContinuousClock.now + patience
        while RunningApp.all(in: store).contains(where: { $0.app.appID == appID && $0.record.process == running.record.process }) {
            guard ContinuousClock.now < deadline else {
                throw CommandError("it did not end within \(patience.components.seconds) seconds")
            }
            try? await Task.sleep(for: Self.lookPause)
        }
    }

    /// Ends the process that runs the template at that absolute path.
    func stopTemplate(_ path: String) async throws(CommandError) {
        let records = store.running().filter { $0.runTemplatePath == path }
        guard !records.isEmpty else { throw CommandError("couldn't find apps with run file \"\(path)\"") }
        for record in records { try await end(record.process) }
    }

    private func end(_ process: ProcessIdentity) async throws(CommandError) {
        guard kill(process.pid, SIGTERM) == 0 || errno == ESRCH else {
            throw CommandError("cannot signal process \(process.pid): \(SystemError.text(errno))")
        }
        guard let patience else { return }
        let deadline = ContinuousClock.now + patience
        while process.isAlive {
            if ContinuousClock.now > deadline {
                kill(process.pid, SIGKILL)
                return
            }
            try? await Task.sleep(for: Self.lookPause)
        }
    }
}
