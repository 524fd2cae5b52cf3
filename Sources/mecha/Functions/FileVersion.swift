#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What tells one state of a file from the next.
struct FileVersion: Equatable {
    private var inode: UInt64
    private var size: Int64
    private var seconds: Int64
    private var nanoseconds: Int64

    /// Folders and files looked at, at most; what lies beyond is not watched.
    private static let filesAtMost = 10_000

    /// The files of a folder and of those in it, hidden ones and one other left out.
    static func all(in folder: String, besides excluded: String?) -> [String: FileVersion] {
        var found: [String: FileVersion] = [:]
        var folders = [folder]
        var looks = 0
        while let next = folders.popLast() {
            for name in Files.names(in: next) where !name.hasPrefix(".") {
                looks += 1
                guard looks <= filesAtMost else { return found }
                let path = "\(next)/\(name)"
                var status = stat()
                guard path != excluded, lstat(path, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    folders.append(path)
                } else if status.st_mode & S_IFMT == S_IFREG {
                    found[path] = FileVersion(status)
                }
            }
        }
        return found
    }

    private init(_ status: stat) {
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Glibc)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
        #else
        seconds = Int64(status.st_mtimespec.tv_sec)
        nanoseconds = Int64(status.st_mtimespec.tv_nsec)
        #endif
    }
}
