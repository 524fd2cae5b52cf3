#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Follows one app: what its guard reports and what it prints. Runs on a thread of its own.
struct AppMonitor: Sendable {
    var guardian: pid_t
    /// The reading end of the status pipe.
    var status: Int32
    /// The reading ends of the app's standard output and error; empty when those are not carried.
    var outputs: [Int32]

    private static let chunkBytes = 16 << 10
    /// How long a daemon of the app's, which holds the output open, is listened to after the app has gone.
    private static let lastWordsMilliseconds: Int32 = 500

    func run(report: @Sendable (AppProcess.Report) -> Void, line: @Sendable ([UInt8]) -> Void) {
        for descriptor in outputs { Descriptors.set(descriptor, O_NONBLOCK) }
        var splitters = outputs.map { _ in LineSplitter() }
        var polls = outputs.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        polls.append(pollfd(fd: status, events: Int16(POLLIN), revents: 0))
        var reports = LineSplitter()
        var leader: Int32?
        while polls.contains(where: { $0.fd >= 0 }) {
            let isGuardGone = polls[outputs.count].fd < 0
            let ready = poll(&polls, nfds_t(polls.count), isGuardGone ? Self.lastWordsMilliseconds : -1)
            if ready == 0 || ready < 0 && errno != EINTR { break }
            // The output first: what an app has printed stands before the news of its end.
            for index in outputs.indices where polls[index].fd >= 0 {
                drain(&polls[index], &splitters[index], line)
            }
            guard polls[outputs.count].revents != 0 else { continue }
            for text in readReports(&polls[outputs.count], &reports) {
                handle(GuardReport(line: text), leader: &leader, report)
            }
            if polls[outputs.count].fd < 0, let abandoned = leader {
                // Someone killed the guard. What it guarded must not stay behind.
                kill(-abandoned, SIGKILL)
                report(.exited(.signal(SIGKILL)))
                leader = nil
            }
        }
        for index in outputs.indices {
            splitters[index].finish().map(line)
            if polls[index].fd >= 0 { close(polls[index].fd) }
        }
        report(.cleared)
    }

    private func drain(_ poll: inout pollfd, _ splitter: inout LineSplitter, _ line: ([UInt8]) -> Void) {
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        while true {
            let count = systemRead(poll.fd, &chunk, chunk.count)
            if count > 0 {
                splitter.append(chunk[..<count]).forEach(line)
            } else if count < 0, errno == EINTR {
                continue
            } else {
                if count == 0 || errno != EAGAIN {
                    close(poll.fd)
                    poll.fd = -1
                }
                return
            }
        }
    }

    /// Closes the pipe and collects the guard when it has ended.
    private func readReports(_ poll: inout pollfd, _ splitter: inout LineSplitter) -> [String] {
        var chunk = [UInt8](repeating: 0, count: 256)
        let count = systemRead(status, &chunk, chunk.count)
        if count > 0 { return splitter.append(chunk[..<count]).map { String(decoding: $0, as: UTF8.self) } }
        if count < 0, errno == EINTR { return [] }
        close(status)
        poll.fd = -1
        var exit: Int32 = 0
        while waitpid(guardian, &exit, 0) == -1, errno == EINTR {}
        return []
    }

    private func handle(_ message: GuardReport?, leader: inout Int32?, _ report: (AppProcess.Report) -> Void) {
        switch message {
        case .started(let pid):
            leader = pid
            report(.started(pid: pid))
        case .notStarted(let code):
            report(.notStarted(SystemError.text(code)))
        case .exited(let exit):
            leader = nil
            report(.exited(exit))
        case nil:
            break
        }
    }
}
