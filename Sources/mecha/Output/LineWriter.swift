import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A file descriptor that whole lines are written to. One write per line, one line at a time, so that
/// lines of several writers in this process never mix, and nothing waits in a buffer.
final class LineWriter: Sendable {
    static let standardOutput = LineWriter(descriptor: STDOUT_FILENO)
    static let standardError = LineWriter(descriptor: STDERR_FILENO)

    private let descriptor: Mutex<Int32>
    private let isOwned: Bool

    init(descriptor: Int32, isOwned: Bool = false) {
        self.descriptor = Mutex(descriptor)
        self.isOwned = isOwned
    }

    deinit {
        if isOwned { close(descriptor.withLock { $0 }) }
    }

    /// Appends the end of line unless the text brings one. A reader that has gone away is not an error:
    /// the talk of a command must not end its work.
    func write(line text: String) {
        var bytes = Array(text.utf8)
        if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        write(bytes)
    }

    func write(_ bytes: [UInt8]) {
        descriptor.withLock { descriptor in
            bytes.withUnsafeBytes { buffer in
                var rest = UnsafeRawBufferPointer(rebasing: buffer[...])
                while !rest.isEmpty {
                    let count = systemWrite(descriptor, rest.baseAddress, rest.count)
                    if count > 0 {
                        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                    } else if errno == EAGAIN {
                        var readiness = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                        _ = poll(&readiness, 1, -1)
                    } else if errno != EINTR {
                        return
                    }
                }
            }
        }
    }
}
