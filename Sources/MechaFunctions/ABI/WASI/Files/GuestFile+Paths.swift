#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension GuestFile {
    /// Longest path that is walked, in bytes, and the most parts that it may have.
    private static let pathBytesAtMost = 4_096
    private static let partsAtMost = 256

    /// The last folder of a walk, and the name in it that the path ends with.
    private final class Place {
        let folder: Int32
        private let isOwned: Bool
        /// Nil when the path names the folder itself.
        var name: String?
        /// The path ends with a slash.
        var isFolder = false

        init(_ folder: Int32, isOwned: Bool) {
            self.folder = folder
            self.isOwned = isOwned
        }

        deinit { if isOwned { close(folder) } }
    }

    private func walk(_ path: String) throws(GuestFileError) -> Place {
        guard isFolder else { throw GuestFileError(ENOTDIR) }
        guard !path.isEmpty else { throw GuestFileError(ENOENT) }
        guard path.utf8.count <= Self.pathBytesAtMost else { throw GuestFileError(ENAMETOOLONG) }
        guard !path.utf8.contains(0) else { throw GuestFileError(EILSEQ) }
        guard !path.hasPrefix("/") else { throw GuestFileError(EPERM) }
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard parts.count <= Self.partsAtMost else { throw GuestFileError(ENAMETOOLONG) }
        var places = [Place(descriptor, isOwned: false)]
        var name: String?
        for (index, part) in parts.enumerated() {
            if part == ".." {
                guard places.count > 1 else { throw GuestFileError(EPERM) }
                places.removeLast()
            } else if index == parts.count - 1 {
                name = String(part)
            } else {
                guard let last = places.last else { throw GuestFileError(EPERM) }
                let next = openat(last.folder, String(part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard next >= 0 else { throw .last }
                places.append(Place(next, isOwned: true))
            }
        }
        guard let place = places.last else { throw GuestFileError(EPERM) }
        place.name = name
        place.isFolder = path.utf8.last == 0x2f
        return place
    }

    struct Opening: Sendable {
        var creates = false
        var isExclusive = false
        var truncates = false
        var wantsFolder = false
        var access = Access()
    }

    /// Opens a file or a folder below this one.
    func open(_ path: String, _ how: Opening, count: GuestFileCount) throws(GuestFileError) -> GuestFile {
        let changes = how.creates || how.truncates || how.access.writes || how.access.appends
        guard isWritable || !changes else { throw GuestFileError(EROFS) }
        let place = try walk(path)
        var flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        if how.wantsFolder || place.isFolder { flags |= O_DIRECTORY }
        if how.access.writes || how.access.appends { flags |= how.access.reads ? O_RDWR : O_WRONLY } else { flags |= O_RDONLY }
        if how.creates { flags |= O_CREAT }
        if how.isExclusive { flags |= O_EXCL }
        if how.truncates { flags |= O_TRUNC }
        if how.access.appends { flags |= O_APPEND }
        try count.take()
        let opened = openat(place.folder, place.name ?? ".", flags, 0o600)
        guard opened >= 0 else {
            let error = GuestFileError.last
            count.give()
            throw error
        }
        var state = stat()
        let isKnown = fstat(opened, &state) == 0
        let kind = state.st_mode & S_IFMT
        // Pipes, devices and sockets would block, or reach something else than files.
        guard isKnown, kind == S_IFREG || kind == S_IFDIR else {
            close(opened)
            count.give()
            throw GuestFileError(EACCES)
        }
        return GuestFile(opened, isFolder: kind == S_IFDIR, isWritable: isWritable, access: how.access, count: count)
    }

    func state(of path: String) throws(GuestFileError) -> GuestFileState {
        let place = try walk(path)
        var state = stat()
        guard fstatat(place.folder, place.name ?? ".", &state, AT_SYMLINK_NOFOLLOW) == 0 else { throw .last }
        if place.isFolder, state.st_mode & S_IFMT != S_IFDIR { throw GuestFileError(ENOTDIR) }
        return GuestFileState(state)
    }

    func makeFolder(_ path: String) throws(GuestFileError) {
        let (place, name) = try entry(path)
        guard mkdirat(place.folder, name, 0o700) == 0 else { throw .last }
    }

    func removeFolder(_ path: String) throws(GuestFileError) {
        let (place, name) = try entry(path)
        guard unlinkat(place.folder, name, AT_REMOVEDIR) == 0 else { throw .last }
    }

    func removeFile(_ path: String) throws(GuestFileError) {
        let (place, name) = try entry(path)
        if place.isFolder { throw GuestFileError(ENOTDIR) }
        guard unlinkat(place.folder, name, 0) == 0 else { throw .last }
    }

    func rename(_ path: String, to other: GuestFile, _ newPath: String) throws(GuestFileError) {
        let (from, oldName) = try entry(path)
        let (to, newName) = try other.entry(newPath)
        if from.isFolder, try state(of: path).kind != .folder { throw GuestFileError(ENOTDIR) }
        guard renameat(from.folder, oldName, to.folder, newName) == 0 else { throw .last }
    }

    /// What a symbolic link says; it is never followed.
    func link(_ path: String) throws(GuestFileError) -> String {
        let place = try walk(path)
        guard let name = place.name else { throw GuestFileError(EINVAL) }
        var buffer = [CChar](repeating: 0, count: Self.pathBytesAtMost)
        let count = readlinkat(place.folder, name, &buffer, buffer.count)
        guard count >= 0 else { throw .last }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func setTimes(of path: String, _ times: GuestFileTimes) throws(GuestFileError) {
        guard isWritable else { throw GuestFileError(EROFS) }
        let place = try walk(path)
        var values = times.values
        guard utimensat(place.folder, place.name ?? ".", &values, AT_SYMLINK_NOFOLLOW) == 0 else { throw .last }
    }

    /// Where an entry is, or is to be, that is to be changed.
    private func entry(_ path: String) throws(GuestFileError) -> (Place, String) {
        guard isWritable else { throw GuestFileError(EROFS) }
        let place = try walk(path)
        guard let name = place.name else { throw GuestFileError(EINVAL) }
        return (place, name)
    }
}
