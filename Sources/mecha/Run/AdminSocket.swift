#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a runtime process listens for commands about its functions: beside its record, or, where that path is too
/// long for a socket, in a folder of this user's under the temporary ones.
enum AdminSocket {
    /// `sun_path` of unix(7) holds 108 bytes with the end; macOS has 104.
    private static let pathBytesAtMost = 100

    /// The path for this process, in a folder that only its owner can enter. Nil where none can be had.
    static func path(runRecords: String) -> String? {
        let path = "\(runRecords)/\(getpid()).sock"
        if path.utf8.count <= pathBytesAtMost {
            return (try? Files.makeDirectory(runRecords, mode: 0o700)) == nil ? nil : path
        }
        let folder = "/tmp/mecha-\(getuid())"
        guard (try? Files.makeDirectory(folder, mode: 0o700)) != nil else { return nil }
        var status = stat()
        // Somebody else may have made a folder of that name first.
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(), status.st_mode & 0o077 == 0
        else { return nil }
        return "\(folder)/\(getpid()).sock"
    }
}
