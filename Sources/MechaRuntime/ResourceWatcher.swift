import MechaCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Tells when files of an app's resources change. Looks once a second at names, times and sizes: works on
/// every file system (network mounts and the swapped links of a ConfigMap included) and costs a few
/// microseconds a second.
struct ResourceWatcher: Sendable {
    /// What is looked at now.
    let paths: @Sendable () -> [String]
    let clock: any MechaClock
    static let interval: Duration = .seconds(1)

    init(paths: [String], clock: any MechaClock) { self.init(clock: clock) { paths } }

    init(clock: any MechaClock, paths: @escaping @Sendable () -> [String]) {
        self.paths = paths
        self.clock = clock
    }

    /// What a look at the files has found.
    struct Look: Sendable, Equatable {
        fileprivate var files: Set<File>
    }

    /// Taken before the files are read for the first time, so that no change after that is missed.
    func look() -> Look { Look(files: fingerprint()) }

    /// Calls `changed` after each change until the task is cancelled, and `idle` after each look that found none.
    ///
    /// - Parameter first: what changes are counted from; nil counts from now.
    func run(since first: Look? = nil, _ changed: () async -> Void, idle: () async -> Void = {}) async {
        var last = first?.files ?? fingerprint()
        while (try? await clock.sleep(for: Self.interval)) != nil {
            let now = fingerprint()
            guard now != last else {
                await idle()
                continue
            }
            last = now
            await changed()
        }
    }

    fileprivate struct File: Hashable, Sendable {
        var path: String
        var inode: UInt64
        var size: Int64
        var seconds: Int64
        var nanoseconds: Int64
    }

    private func fingerprint() -> Set<File> {
        var files: Set<File> = []
        for path in paths() {
            guard note(path, in: &files) else { continue }
            for name in SystemFiles.names(in: path) where !name.hasPrefix(".") { _ = note("\(path)/\(name)", in: &files) }
        }
        return files
    }

    /// Takes in a file; true for a folder.
    private func note(_ path: String, in files: inout Set<File>) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFREG else { return status.st_mode & S_IFMT == S_IFDIR }
        files.insert(
            File(
                path: path, inode: UInt64(status.st_ino), size: Int64(status.st_size),
                seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec)))
        return false
    }
}
