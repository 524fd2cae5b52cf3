#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A running app with all processes that it has started, under a ``ProcessGuard``.
final class AppProcess: Sendable {
    enum Report: Sendable, Equatable {
        case started(pid: Int32)
        /// The command cannot be executed; why, in words.
        case notStarted(String)
        /// The app's first process ended.
        case exited(ProcessExit)
        /// Nothing of the app is left. Always the last report.
        case cleared
    }

    /// The writing end of the control pipe, which the guard takes for this process's life.
    private let control: Int32

    private init(control: Int32) { self.control = control }

    deinit { close(control) }

    /// Starts the command. `report` is called on a thread of its own; `line` gets what the app prints
    /// when the command asks for that.
    static func launch(
        _ command: AppCommand, binary: String = "/proc/self/exe", report: @escaping @Sendable (Report) -> Void,
        line: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) throws(CommandError) -> AppProcess {
        let control = try Descriptors.makePipe()
        let status = try Descriptors.makePipe()
        var attributes = SpawnAttributes()
        attributes.makeGroup()
        attributes.resetSignals(blocked: .all)
        attributes.give(control.readEnd, as: ProcessGuard.controlDescriptor)
        attributes.give(status.writeEnd, as: ProcessGuard.statusDescriptor)
        if let directory = command.directory { attributes.changeDirectory(to: directory) }
        var closedAfterwards = [control.readEnd, status.writeEnd]
        var outputs: [Int32] = []
        if command.isOutputCarried {
            attributes.open("/dev/null", as: STDIN_FILENO, flags: O_RDONLY)
            for number in [STDOUT_FILENO, STDERR_FILENO] {
                let output = try Descriptors.makePipe()
                attributes.give(output.writeEnd, as: number)
                closedAfterwards.append(output.writeEnd)
                outputs.append(output.readEnd)
            }
        }
        var pid: pid_t = 0
        let code = withStrings([ProcessGuard.programName] + command.words) { arguments in
            withStrings(command.environment.map { "\($0.key)=\($0.value)" }) { environment in
                attributes.withPointers { posix_spawn(&pid, binary, $1, $0, arguments, environment) }
            }
        }
        for end in closedAfterwards { close(end) }
        guard code == 0 else {
            for end in [control.writeEnd, status.readEnd] + outputs { close(end) }
            throw CommandError("Cannot start a process in '\(command.directory ?? ".")': \(SystemError.text(code))")
        }
        let process = AppProcess(control: control.writeEnd)
        let monitor = AppMonitor(guardian: pid, status: status.readEnd, outputs: outputs)
        DetachedThread.start { monitor.run(report: report, line: line) }
        return process
    }

    /// Asks the app's processes to end; those that have not after ``GuardStateMachine/patience`` are killed.
    func stop() { ask(ProcessGuard.stopByte) }

    /// Kills the app's processes at once, also when they were asked to end before.
    func kill() { ask(ProcessGuard.killByte) }

    /// A guard that is gone has nothing left to end.
    private func ask(_ request: UInt8) {
        var byte = request
        _ = systemWrite(control, &byte, 1)
    }
}

/// Lends `strings` as a nil-terminated array of C strings.
private func withStrings<Value>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value {
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
    pointers[strings.count] = nil
    defer {
        for index in strings.indices { free(pointers[index]) }
        pointers.deallocate()
    }
    return body(pointers)
}
