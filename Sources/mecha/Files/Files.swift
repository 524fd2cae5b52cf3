import MechaCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The few file operations that commands need, without Foundation's weight.
enum Files {
    /// Why a file operation failed, in the system's words.
    struct Failure: Error, CustomStringConvertible {
        var path: String
        var code: Int32

        var reason: String { SystemError.text(code) }
        var description: String { "\(path): \(reason)" }
    }

    /// Files larger than this are refused; no file that a command reads comes near it.
    static let maximumReadBytes = 64 << 20

    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(descriptor) }
        return try read(descriptor: descriptor, name: path)
    }

    /// Everything up to the end; for standard input too.
    static func read(descriptor: Int32, name: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = systemRead(descriptor, &chunk, chunk.count)
            if count > 0 {
                bytes.append(contentsOf: chunk[..<count])
                guard bytes.count <= maximumReadBytes else { throw Failure(path: name, code: EFBIG) }
            } else if count == 0 {
                return bytes
            } else if errno != EINTR {
                throw Failure(path: name, code: errno)
            }
        }
    }

    /// Writes a new file; the content appears as a whole or not at all.
    static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws(Failure) {
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
        let isWritten = SystemFiles.writeAll(descriptor, Array(text.utf8))
        let code = errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = isWritten ? errno : code
            unlink(temporary)
            throw Failure(path: path, code: reason)
        }
    }

    /// Makes a folder and those above it.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(Failure) {
        guard SystemFiles.makeFolder(path, mode: mode) else { throw Failure(path: path, code: errno) }
    }

    /// Names in a folder in order; empty when it cannot be read.
    static func names(in path: String) -> [String] { SystemFiles.names(in: path) }

    static func remove(_ path: String) { unlink(path) }

    /// The absolute form of a path, with links resolved when it exists.
    static func absolute(_ path: String) -> String {
        if let resolved = realpath(path, nil) {
            defer { free(resolved) }
            return String(cString: resolved)
        }
        return path.hasPrefix("/") ? path : "\(workingDirectory())/\(path)"
    }

    static func workingDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }
}
