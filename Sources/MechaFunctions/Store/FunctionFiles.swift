import Crypto
import MechaCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The file operations that the store needs: what is there after a crash is what was there before it or what was
/// written, never a part. All of it blocks; nothing here may run on an event loop.
package enum FunctionFiles {
    /// Why an operation failed, in the system's words.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package var path: String
        package var reason: String
        package var isMissing = false
        package var description: String { "\(path): \(reason)" }
    }

    private static let writes = Atomic<UInt64>(0)

    /// Replaces the file in one step; it is on the disk when this returns.
    package static func write(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o600) throws(Failure) {
        // Two may write the same at a time, such as the module that two functions have.
        let temporary = "\(path).\(getpid()).\(writes.wrappingAdd(1, ordering: .relaxed).newValue).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(path) }
        do throws(Failure) {
            guard SystemFiles.writeAll(descriptor, Array(bytes)) else { throw failure(path) }
            guard fsync(descriptor) == 0 else { throw failure(path) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let failure = failure(path)
            unlink(temporary)
            throw failure
        }
        try syncFolder(of: path)
    }

    package static func read(_ path: String, atMost limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(path: path, reason: "is no regular file") }
        guard status.st_size <= limit else { throw Failure(path: path, reason: "is longer than \(limit) bytes") }
        guard let bytes = SystemFiles.read(descriptor, count: Int(status.st_size)) else { throw failure(path) }
        return bytes
    }

    /// Makes a folder, for its owner only where nothing else is said, with those above it.
    package static func makeFolder(_ path: String, mode: mode_t = 0o700) throws(Failure) {
        guard SystemFiles.makeFolder(path, mode: mode) else { throw failure(path) }
    }

    /// Names in a folder in order, without those that begin with a dot; empty when there is none.
    package static func names(in path: String) -> [String] { SystemFiles.names(in: path).filter { !$0.hasPrefix(".") } }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    package static func remove(_ path: String) { unlink(path) }

    /// Removes a folder with the files in it; folders in it stay, and then so does it.
    package static func removeFolder(_ path: String) {
        for name in names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    package static func syncFolder(of path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    /// SHA-256 in lower-case hexadecimal.
    package static func digest(_ bytes: [UInt8]) -> String {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hexadecimal(hash.finalize())
    }

    /// In lower case.
    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        text.reserveCapacity(64)
        let digits = Array("0123456789abcdef".unicodeScalars)
        for byte in bytes {
            text.unicodeScalars.append(digits[Int(byte >> 4)])
            text.unicodeScalars.append(digits[Int(byte & 15)])
        }
        return text
    }

    private static func failure(_ path: String) -> Failure {
        let code = errno
        return Failure(path: path, reason: String(cString: strerror(code)), isMissing: code == ENOENT)
    }
}
