#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The files that `init` writes and `uninstall` takes back: the folder layout that Dapr's tools look for,
/// with the embedded SQLite store where Dapr has Redis.
struct Installation {
    var folders: HomeFolders

    private var stateStorePath: String { "\(folders.daprComponents)/statestore.yaml" }
    private var daprdPath: String { "\(folders.daprBinaries)/daprd" }

    /// Writes what is missing; tells of each thing that it made or found.
    func install(isSlim: Bool) throws(Files.Failure) -> [String] {
        for folder in [folders.daprComponents, folders.daprBinaries, folders.data] { try Files.makeDirectory(folder) }
        var news = [try place(folders.daprConfig, configuration), linkDaprd()]
        if !isSlim { news.append(try place(stateStorePath, stateStore)) }
        return news
    }

    /// Removes what is as `install` wrote it; the removed paths.
    func remove(isAll: Bool) -> [String] {
        var removed: [String] = []
        if let binary = Self.ownBinary, Self.linkTarget(daprdPath) == binary {
            Files.remove(daprdPath)
            removed.append(daprdPath)
        }
        guard isAll else { return removed }
        for (path, text) in [(folders.daprConfig, configuration), (stateStorePath, stateStore)] {
            guard let content = try? Files.read(path), content == Array(text.utf8) else { continue }
            Files.remove(path)
            removed.append(path)
        }
        // Each goes only when it is empty.
        for folder in [folders.daprComponents, folders.daprBinaries, folders.dapr] where rmdir(folder) == 0 { removed.append(folder) }
        return removed
    }

    private func place(_ path: String, _ text: String) throws(Files.Failure) -> String {
        if FileStatus(path: path) != nil { return "Kept \(path)" }
        try Files.write(text, to: path)
        return "Wrote \(path)"
    }

    private func linkDaprd() -> String {
        guard let binary = Self.ownBinary else { return "No link \(daprdPath): the own binary is not known" }
        if symlink(binary, daprdPath) == 0 { return "Linked \(daprdPath)" }
        return errno == EEXIST ? "Kept \(daprdPath)" : "No link \(daprdPath): \(SystemError.text(errno))"
    }

    private static var ownBinary: String? { linkTarget("/proc/self/exe") }

    private static func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = readlink(path, base, Int(PATH_MAX))
            guard count > 0 else { return nil }
            base[count] = 0
            return String(cString: base)
        }
    }

    private var stateStore: String {
        """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: statestore
        spec:
          type: state.sqlite
          version: v1
          metadata:
          - name: connectionString
            value: "\(folders.data)/state.db"
          - name: actorStateStore
            value: "true"

        """
    }

    private var configuration: String {
        """
        apiVersion: dapr.io/v1alpha1
        kind: Configuration
        metadata:
          name: daprConfig
        spec:
          tracing:
            samplingRate: "1"

        """
    }
}
