import MechaCore
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A folder that names given by others cannot lead out of: every step of a path is opened by itself, from the
/// folder before it, and a symbolic link is never followed. `..` ends at the folder. Blocks; not for event loops.
final class ConfinedFolder: Sendable {
    /// Where it is, without symbolic links.
    let path: String
    private let descriptor: Int32

    /// The largest file that is read.
    static let maximumFileBytes = 256 << 20
    /// The most files that are listed.
    static let maximumListedFiles = 100_000
    private static let maximumDepth = 64
    private static let maximumNameBytes = 4_096

    /// Parts of the system where files are no data.
    private static let forbidden = ["/proc", "/sys", "/boot", "/var/run/secrets", "/run/secrets"]

    /// Creates the folder where it is missing.
    init(_ path: String) throws {
        try Self.makeFolders(path)
        guard let real = realpath(path, nil) else { throw Self.failure("rootPath cannot be used", errno) }
        defer { free(real) }
        self.path = String(cString: real)
        let location = self.path
        if Self.forbidden.contains(where: { location == $0 || location.hasPrefix($0 + "/") }) {
            throw CapabilityError(.misconfigured, "metadata rootPath points to a part of the system that may not be used")
        }
        descriptor = open(location, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("rootPath cannot be opened", errno) }
    }

    deinit { close(descriptor) }

    private static func makeFolders(_ path: String) throws {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o777) != 0, errno != EEXIST { throw failure("rootPath cannot be created", errno) }
        }
    }

    private static func failure(_ what: String, _ code: Int32) -> CapabilityError {
        CapabilityError(.misconfigured, "metadata \(what): \(String(cString: strerror(code)))")
    }

    // MARK: - Operations

    /// Writes a file whole or not at all, with the folders that lead to it. Answers its path below the root.
    func write(_ data: ByteBuffer, to name: String) throws -> String {
        let parts = try components(name)
        guard let last = parts.last else { throw CapabilityError(.invalidArgument, "metadata fileName names no file") }
        return try withFolder(parts.dropLast(), creating: true) { folder in
            let temporary = ".mecha-\(RandomID.uuid())"
            let file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
            guard file >= 0 else { throw problem(name, errno) }
            var failure: Int32 = 0
            data.withUnsafeReadableBytes { bytes in
                var done = 0
                while done < bytes.count {
                    let count = Self.write(file, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else {
                        failure = errno
                        return
                    }
                    done += count
                }
            }
            if failure == 0, fsync(file) != 0 { failure = errno }
            close(file)
            if failure == 0, renameat(folder, temporary, folder, last) != 0 { failure = errno }
            guard failure == 0 else {
                unlinkat(folder, temporary, 0)
                throw problem(name, failure)
            }
            return parts.joined(separator: "/")
        }
    }

    func read(_ name: String) throws -> ByteBuffer {
        try withEntry(name) { folder, last in
            let file = openat(folder, last, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            guard file >= 0 else { throw problem(name, errno) }
            defer { close(file) }
            var info = stat()
            guard fstat(file, &info) == 0 else { throw problem(name, errno) }
            guard info.st_mode & S_IFMT == S_IFREG else { throw CapabilityError(.invalidArgument, "\"\(name)\" is no file") }
            guard info.st_size <= Self.maximumFileBytes else {
                throw CapabilityError(.resourceExhausted, "\"\(name)\" has more than \(Self.maximumFileBytes) bytes (maximumFileBytes)")
            }
            var data = ByteBuffer()
            data.reserveCapacity(Int(info.st_size))
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while data.readableBytes <= Self.maximumFileBytes {
                let count = Self.read(file, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw problem(name, errno) }
                if count == 0 { break }
                data.writeBytes(chunk[..<count])
            }
            return data
        }
    }

    /// Removes a file, or a folder that is empty.
    func remove(_ name: String) throws {
        try withEntry(name) { folder, last in
            if unlinkat(folder, last, 0) == 0 { return }
            let code = errno
            guard code == EISDIR || code == EPERM, unlinkat(folder, last, AT_REMOVEDIR) == 0 else {
                throw problem(name, code == EISDIR || code == EPERM ? errno : code)
            }
        }
    }

    /// Full paths of all files below a folder, in order.
    func list(_ name: String) throws -> [String] {
        let parts = try components(name)
        var files: [String] = []
        try withFolder(parts[...], creating: false) { folder in
            try walk(folder, ([path] + parts).joined(separator: "/"), depth: 0, &files)
        }
        return files.sorted()
    }

    private func walk(_ folder: Int32, _ path: String, depth: Int, _ files: inout [String]) throws {
        guard depth < Self.maximumDepth else { return }
        // The stream owns and closes the descriptor that it is given.
        let copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw problem(path, errno) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." || name.hasPrefix(".mecha-") { continue }
            let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if inner >= 0 {
                defer { close(inner) }
                try walk(inner, "\(path)/\(name)", depth: depth + 1, &files)
            } else {
                files.append("\(path)/\(name)")
                guard files.count <= Self.maximumListedFiles else {
                    throw CapabilityError(.resourceExhausted, "more than \(Self.maximumListedFiles) files (maximumListedFiles)")
                }
            }
        }
    }

    // MARK: - Paths

    /// The steps of a name, `.` and `..` taken out; the latter never goes above the root.
    private func components(_ name: String) throws(CapabilityError) -> [String] {
        guard name.utf8.count <= Self.maximumNameBytes, !name.utf8.contains(0) else {
            throw CapabilityError(.invalidArgument, "metadata fileName is too long, or holds a NUL")
        }
        var parts: [String] = []
        for part in name.split(separator: "/") {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(String(part))
            }
        }
        guard parts.count <= Self.maximumDepth else {
            throw CapabilityError(.invalidArgument, "metadata fileName has more than \(Self.maximumDepth) steps")
        }
        return parts
    }

    private func withEntry<Value>(_ name: String, _ body: (Int32, String) throws -> Value) throws -> Value {
        let parts = try components(name)
        guard let last = parts.last else { throw CapabilityError(.invalidArgument, "metadata fileName names no file") }
        return try withFolder(parts.dropLast(), creating: false) { try body($0, last) }
    }

    private func withFolder<Value>(_ parts: ArraySlice<String>, creating: Bool, _ body: (Int32) throws -> Value) throws -> Value {
        var current = dup(descriptor)
        guard current >= 0 else { throw problem("", errno) }
        defer { close(current) }
        for part in parts {
            if creating, mkdirat(current, part, 0o777) != 0, errno != EEXIST { throw problem(part, errno) }
            let next = openat(current, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { throw problem(part, errno) }
            close(current)
            current = next
        }
        return try body(current)
    }

    private func problem(_ name: String, _ code: Int32) -> CapabilityError {
        switch code {
        case ENOENT: CapabilityError(.notFound, "file not found: \"\(name)\"")
        case ELOOP: CapabilityError(.permissionDenied, "\"\(name)\" is a symbolic link, which is not followed")
        case ENOTDIR: CapabilityError(.invalidArgument, "\"\(name)\" is no folder, or a symbolic link")
        case EISDIR, ENOTEMPTY, EEXIST: CapabilityError(.invalidArgument, "\"\(name)\" is a folder")
        case EACCES, EPERM, EROFS: CapabilityError(.permissionDenied, "\"\(name)\": \(String(cString: strerror(code)))")
        case ENOSPC, EDQUOT: CapabilityError(.resourceExhausted, "\"\(name)\": \(String(cString: strerror(code)))")
        default: CapabilityError(.backend, "\"\(name)\": \(String(cString: strerror(code)))")
        }
    }

    // The names of the system's functions are taken by this class's own.
    private static func write(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.write(file, bytes, count)
        #elseif canImport(Musl)
        Musl.write(file, bytes, count)
        #else
        Darwin.write(file, bytes, count)
        #endif
    }

    private static func read(_ file: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.read(file, bytes, count)
        #elseif canImport(Musl)
        Musl.read(file, bytes, count)
        #else
        Darwin.read(file, bytes, count)
        #endif
    }
}
