import CProcess

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The small process that stands between `mecha run` and an app, so that no process of the app can
/// outlive the run, however the run ends.
///
/// `mecha run` executes its own binary under the name ``programName`` with the app's command as
/// arguments. The guard starts the app in a process group of its own and then only waits. A byte on the
/// control pipe asks for the app's end, and the pipe closes when `mecha run` is gone, were it by SIGKILL;
/// both lead to SIGTERM for the whole group and SIGKILL after a while.
/// (A parent-death signal would reach the app's first process only, not what a shell, npm or dotnet
/// has started below it, and would fire when the spawning thread ends.) The guard is the reaper of the
/// app's orphans, so it knows when the group is empty. Processes that leave the group on purpose
/// (daemons) are left alone.
///
/// It runs before anything else in the process has begun: one thread, no runtime, little memory.
enum ProcessGuard {
    static let programName = "mecha-guard"
    static let controlDescriptor: Int32 = 3
    static let statusDescriptor: Int32 = 4
    /// On the control pipe: end the group. The pipe stays open, because a kill may follow.
    static let stopByte = UInt8(ascii: "T")
    /// On the control pipe: kill at once.
    static let killByte = UInt8(ascii: "K")
    /// How often a group that is to end is looked at when no signal tells of a change.
    private static let lookMilliseconds: Int32 = 50

    static func isAskedFor(_ programName: String?) -> Bool { programName == Self.programName }

    /// Runs the command in `arguments` (with its name first, ended by nil) under guard and exits.
    static func run(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Never {
        // Event loops do not mark their descriptors; a listener that the app held would outlive the runtime.
        mecha_close_from(statusDescriptor + 1)
        var children = ChildSignal()
        _ = mecha_become_subreaper()
        let leader: pid_t
        switch spawn(arguments) {
        case .success(let pid): leader = pid
        case .failure(let error):
            send(.notStarted(error.code))
            exit(1)
        }
        send(.started(pid: leader))
        releaseStandardStreams()
        watch(leader, children: &children)
    }

    private struct SpawnFailure: Error { var code: Int32 }

    private static func spawn(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result<pid_t, SpawnFailure> {
        guard let command = arguments[0] else { return .failure(SpawnFailure(code: ENOENT)) }
        var attributes = SpawnAttributes()
        attributes.makeGroup()
        attributes.resetSignals(blocked: .none)
        var pid: pid_t = 0
        let code = attributes.withPointers { attributes, actions in
            posix_spawn_file_actions_addclose(actions, controlDescriptor)
            posix_spawn_file_actions_addclose(actions, statusDescriptor)
            return posix_spawnp(&pid, command, actions, attributes, arguments, mecha_environment())
        }
        return code == 0 ? .success(pid) : .failure(SpawnFailure(code: code))
    }

    private static func send(_ report: GuardReport) {
        let bytes = Array(report.line.utf8)
        _ = systemWrite(statusDescriptor, bytes, bytes.count)
    }

    /// A reader of the app's output must see its end when the app ends, not when the guard does.
    private static func releaseStandardStreams() {
        let null = open("/dev/null", O_RDWR)
        for descriptor in STDIN_FILENO...STDERR_FILENO { dup2(null, descriptor) }
        close(null)
    }

    private static func watch(_ leader: pid_t, children: inout ChildSignal) -> Never {
        var machine = GuardStateMachine()
        var deadline: ContinuousClock.Instant?
        var isControlOpen = true
        while true {
            var events: [GuardStateMachine.Event] = []
            var wait: Int32 = -1
            if let deadline {
                let left = ContinuousClock.now.duration(to: deadline)
                if left <= .zero { events.append(.deadlinePassed) }
                wait = min(lookMilliseconds, max(0, Int32(left / .milliseconds(1))))
            }
            var descriptors = [
                pollfd(fd: children.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isControlOpen ? controlDescriptor : -1, events: Int16(POLLIN), revents: 0),
            ]
            if events.isEmpty { _ = poll(&descriptors, 2, wait) }
            if descriptors[1].revents != 0 {
                var byte: UInt8 = 0
                switch systemRead(controlDescriptor, &byte, 1) {
                case 1 where byte == stopByte: events.append(.stopRequested)
                case 1 where byte == killByte: events.append(.killRequested)
                case 0:
                    isControlOpen = false
                    events.append(.stopRequested)
                default: break
                }
            }
            children.drain()
            if let exit = reap(leader) { events.append(.leaderExited(exit)) }
            if kill(-leader, 0) != 0, errno == ESRCH { events.append(.groupEmptied) }
            for action in events.flatMap({ machine.handle($0) }) {
                switch action {
                case .report(let status): send(.exited(status))
                case .terminateGroup: kill(-leader, SIGTERM)
                case .killGroup: kill(-leader, SIGKILL)
                case .setDeadline(let duration): deadline = .now + duration
                case .finish: exit(0)
                }
            }
        }
    }

    /// Collects all children that have ended; the leader's end when it is among them.
    private static func reap(_ leader: pid_t) -> ProcessExit? {
        var leaderExit: ProcessExit?
        while true {
            var status: Int32 = 0
            let pid = waitpid(-1, &status, WNOHANG)
            if pid <= 0 { return leaderExit }
            if pid == leader { leaderExit = ProcessExit(waitStatus: status) }
        }
    }
}
