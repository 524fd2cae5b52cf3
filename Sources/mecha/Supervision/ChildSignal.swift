#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Makes the end of a child visible to `poll(2)`: the handler of SIGCHLD writes to a pipe.
/// For the guard process only, which has one thread.
struct ChildSignal {
    /// Readable when a child has ended.
    let descriptor: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        for end in ends {
            Descriptors.set(end, O_NONBLOCK)
            Descriptors.closeOnExec(end)
        }
        descriptor = ends[0]
        handlerDescriptor = ends[1]
        signal(SIGCHLD) { _ in
            var byte: UInt8 = 0
            let savedError = errno
            _ = systemWrite(handlerDescriptor, &byte, 1)
            errno = savedError
        }
        // The guard starts with every signal blocked, so that none can end it before it has watched.
        var mask = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, SIGCHLD)
        sigprocmask(SIG_UNBLOCK, &mask, nil)
    }

    mutating func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while systemRead(descriptor, &bytes, bytes.count) > 0 {}
    }
}

// Written before the handler is installed and never again.
nonisolated(unsafe) private var handlerDescriptor: Int32 = -1
