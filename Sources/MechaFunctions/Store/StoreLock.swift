#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The right of one process to host the functions of a data directory. The system takes it back when the process ends,
/// however it ends.
package final class StoreLock: Sendable {
    private let descriptor: Int32

    /// Nil when another process has it.
    package init?(_ path: String) throws(FunctionFiles.Failure) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FunctionFiles.Failure(path: path, reason: String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }
}
