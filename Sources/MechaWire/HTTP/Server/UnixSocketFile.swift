import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The file of a listening Unix socket: takes over what a dead process left, and leaves nothing behind.
final class UnixSocketFile: Sendable {
    let path: String
    /// Which file is ours, so that a successor's is never removed.
    private let identity = Mutex<Identity?>(nil)

    private struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64
    }

    init(path: String) { self.path = path }

    /// Removes a socket nobody listens on. Throws when somebody does, or when the file is something else.
    func clearStale() throws(WireError) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        guard info.st_mode & S_IFMT == S_IFSOCK else {
            throw WireError(.bindFailed, "\(path) exists and is not a socket")
        }
        if isAnswered() {
            throw WireError(
                .bindFailed, "the socket \(path) is in use", cause: IOError(errnoCode: EADDRINUSE, reason: "another process answers on it"))
        }
        unlink(path)
    }

    private func isAnswered() -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // A path that does not fit cannot be bound either; bind says so in its own words.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        #if canImport(Darwin)
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #else
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { _ = Self.closeDescriptor(descriptor) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private static func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }

    /// Notes the file as ours and sets its permissions: ours alone, unless the folder lets its group or
    /// everybody write (a sticky folder such as /tmp does not count).
    func bound() {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        identity.withLock { $0 = Identity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino)) }
        var folder = stat()
        var mode: mode_t = 0o600
        if stat(folderPath, &folder) == 0, folder.st_mode & S_ISVTX == 0 {
            if folder.st_mode & S_IWGRP != 0 { mode |= 0o060 }
            if folder.st_mode & S_IWOTH != 0 { mode |= 0o006 }
        }
        chmod(path, mode)
    }

    private var folderPath: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    func remove() {
        let ours = identity.withLock { identity in
            defer { identity = nil }
            return identity
        }
        var info = stat()
        guard let ours, lstat(path, &info) == 0 else { return }
        if ours == Identity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino)) { unlink(path) }
    }
}
