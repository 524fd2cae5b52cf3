import Crypto
import MechaCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A folder that nobody but the process's user can read or write. Blocks on the file system.
struct PrivateFolder {
    struct Problem: Error {
        var message: String

        init(_ what: String, _ path: String) { message = "\(what) \(path): \(String(cString: strerror(errno)))" }

        init(_ message: String) { self.message = message }
    }

    /// Longest file that is read.
    private static let fileBytesAtMost = 1 << 30
    private let path: String

    /// Makes the folder with those above it; refuses one of another user.
    init(_ path: String) throws(Problem) {
        self.path = path
        guard SystemFiles.makeFolder(path, mode: 0o700) else { throw Problem("cannot make the folder", path) }
        var state = stat()
        guard lstat(path, &state) == 0 else { throw Problem("cannot look at the folder", path) }
        guard state.st_mode & S_IFMT == S_IFDIR, state.st_uid == geteuid() else {
            throw Problem("\(path) is no folder of this user")
        }
        if state.st_mode & 0o077 != 0, chmod(path, 0o700) != 0 { throw Problem("cannot close to others the folder", path) }
    }

    /// The folder's key, made by the first process that asks.
    func key() throws(Problem) -> SymmetricKey {
        let file = "\(path)/key"
        if let bytes = read(file), bytes.count == 32 { return SymmetricKey(data: bytes) }
        let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let temporary = try writeTemporary(fresh, beside: file)
        defer { unlink(temporary) }
        // Of several processes one wins; a damaged key is replaced.
        if link(temporary, file) != 0 {
            guard errno == EEXIST else { throw Problem("cannot make", file) }
            if let bytes = read(file), bytes.count == 32 { return SymmetricKey(data: bytes) }
            guard rename(temporary, file) == 0 else { throw Problem("cannot replace", file) }
        }
        return SymmetricKey(data: fresh)
    }

    /// The bytes of a file that only the user can write; nil when there is none such.
    func read(_ file: String) -> [UInt8]? {
        let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var state = stat()
        guard fstat(descriptor, &state) == 0, state.st_uid == geteuid(), state.st_mode & 0o022 == 0,
            state.st_size >= 0, state.st_size <= Self.fileBytesAtMost
        else { return nil }
        guard let bytes = SystemFiles.read(descriptor, count: Int(state.st_size)) else { return nil }
        return bytes.count == Int(state.st_size) ? bytes : nil
    }

    /// Replaces a file as a whole.
    func write(_ bytes: [UInt8], to file: String) throws(Problem) {
        let temporary = try writeTemporary(bytes, beside: file)
        guard rename(temporary, file) == 0 else {
            unlink(temporary)
            throw Problem("cannot write", file)
        }
    }

    private func writeTemporary(_ bytes: [UInt8], beside file: String) throws(Problem) -> String {
        var template = Array("\(file).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Problem("cannot write beside", file) }
        defer { close(descriptor) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard SystemFiles.writeAll(descriptor, bytes) else {
            unlink(temporary)
            throw Problem("cannot write", temporary)
        }
        return temporary
    }

    /// Marks a file as used now.
    func touch(_ file: String) { utimensat(AT_FDCWD, file, nil, 0) }

    /// Deletes the files that were not used for longest, with what stands beside them.
    func deleteOldest(beyond limit: Int, keeping kept: String) {
        var files: [(path: String, bytes: Int, used: Int)] = []
        for name in SystemFiles.names(in: path) where name.hasSuffix(".cwasm") {
            var state = stat()
            guard lstat("\(path)/\(name)", &state) == 0 else { continue }
            files.append(("\(path)/\(name)", Int(state.st_size), Int(state.st_mtim.tv_sec)))
        }
        var total = files.reduce(0) { $0 + $1.bytes }
        for file in files.sorted(by: { $0.used < $1.used }) where total > limit && file.path != kept {
            unlink(file.path)
            unlink(file.path + ".mac")
            total -= file.bytes
        }
    }
}
