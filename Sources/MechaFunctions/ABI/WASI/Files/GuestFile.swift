#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file or a folder that a guest has open. All but what is said otherwise blocks, and runs on a thread of its own.
///
/// Paths of guests are walked part by part from a folder that is open, and symbolic links are never followed, neither on
/// the way nor at its end. `..` goes back to a folder of that walk, whatever has become of the names meanwhile. So no
/// path leads out of the folder that was granted.
final class GuestFile: Sendable {
    struct Access: Sendable, Hashable {
        var reads = false
        var writes = false
        var appends = false
    }

    let descriptor: Int32
    let isFolder: Bool
    /// Of a folder: whether anything below it may be changed.
    let isWritable: Bool
    let access: Access
    private let count: GuestFileCount?

    /// Takes over `descriptor`.
    init(_ descriptor: Int32, isFolder: Bool, isWritable: Bool, access: Access, count: GuestFileCount?) {
        self.descriptor = descriptor
        self.isFolder = isFolder
        self.isWritable = isWritable
        self.access = access
        self.count = count
    }

    deinit {
        close(descriptor)
        count?.give()
    }

    /// Opens the folders that a function was granted, by the paths under which it sees them.
    static func open(_ folders: [String: FunctionGrants.Folder]) throws(FunctionError) -> [(path: String, folder: GuestFile)] {
        var opened: [(path: String, folder: GuestFile)] = []
        for (path, folder) in folders.sorted(by: { $0.key < $1.key }) {
            // Beside a member of the name `open`.
            let descriptor = openat(AT_FDCWD, folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw FunctionError(.failed, "the folder granted as \(path) cannot be opened: \(GuestFileError.last)")
            }
            opened.append(
                (
                    path,
                    GuestFile(descriptor, isFolder: true, isWritable: folder.isWritable, access: Access(reads: true), count: nil)
                ))
        }
        return opened
    }
}
