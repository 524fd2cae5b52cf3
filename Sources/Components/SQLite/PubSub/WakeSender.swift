#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Wakes other processes through their ``WakePipe``s, which it keeps open. Used on the writing thread only, where
/// all signals are blocked: that of a broken pipe too.
final class WakeSender {
    private let database: String
    private var descriptors: [String: Int32] = [:]

    init(database: String) { self.database = database }

    deinit { for descriptor in descriptors.values { close(descriptor) } }

    func wake(_ name: String) {
        let descriptor: Int32
        if let known = descriptors[name] {
            descriptor = known
        } else {
            guard let opened = WakePipe.openForWaking(name, beside: database) else { return }
            descriptors[name] = opened
            descriptor = opened
        }
        var byte: UInt8 = 1
        // A full pipe is as good: its reader has not looked yet.
        if write(descriptor, &byte, 1) < 0, errno != EAGAIN { forget(name) }
    }

    func forget(_ name: String) {
        if let descriptor = descriptors.removeValue(forKey: name) { close(descriptor) }
    }

    /// Whether the process of that pipe lives.
    func isAlive(_ name: String) -> Bool {
        guard let descriptor = WakePipe.openForWaking(name, beside: database) else { return false }
        close(descriptor)
        return true
    }

    func removeFile(_ name: String) { unlink(WakePipe.path(name, beside: database)) }
}
