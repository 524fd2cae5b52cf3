#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the file system knows of a path; links are followed.
struct FileStatus: Sendable {
    let isDirectory: Bool
    let isExecutable: Bool

    /// Nil when nothing is there.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        isExecutable = !isDirectory && access(path, X_OK) == 0
    }
}
