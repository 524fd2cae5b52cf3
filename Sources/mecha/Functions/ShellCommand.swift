#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A command line of a file that the user wrote, run by the shell where the file is. What it prints goes to standard
/// error: standard output is for data.
enum ShellCommand {
    /// Waits for its end; the exit code, or 128 and the number of the signal that ended it.
    static func run(_ text: String, in folder: String) throws(CommandError) -> Int32 {
        var attributes = SpawnAttributes()
        attributes.changeDirectory(to: folder)
        attributes.give(STDERR_FILENO, as: STDOUT_FILENO)
        var pid: pid_t = 0
        var words = (["/bin/sh", "-c", text] as [String]).map { strdup($0) as UnsafeMutablePointer<CChar>? }
        defer { for word in words { free(word) } }
        words.append(nil)
        let code = attributes.withPointers { posix_spawn(&pid, "/bin/sh", $1, $0, words, environ) }
        guard code == 0 else { throw CommandError("The shell cannot be started: \(SystemError.text(code))") }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }
}
