#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Pipes and flags of file descriptors.
enum Descriptors {
    struct Pipe {
        var readEnd: Int32
        var writeEnd: Int32
    }

    /// A pipe whose ends do not reach other programs by themselves, and whose numbers stay clear of
    /// those that a new process gives its own meaning to.
    static func makePipe() throws(CommandError) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw CommandError("Cannot make a pipe: \(SystemError.text(errno))") }
        defer { for end in ends { close(end) } }
        let lifted = ends.map { fcntl($0, F_DUPFD_CLOEXEC, lowestNumber) }
        guard !lifted.contains(-1) else {
            let code = errno
            for end in lifted where end >= 0 { close(end) }
            throw CommandError("Cannot make a pipe: \(SystemError.text(code))", hint: "raise the limit of open files")
        }
        return Pipe(readEnd: lifted[0], writeEnd: lifted[1])
    }

    static func set(_ descriptor: Int32, _ flag: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | flag)
    }

    static func closeOnExec(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

    private static let lowestNumber: Int32 = 16
}
