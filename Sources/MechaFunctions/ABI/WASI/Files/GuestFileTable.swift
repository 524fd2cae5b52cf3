/// The files and folders of a guest by the numbers of WASI preview 1. 0 to 2 are not here; granted folders follow them.
final class GuestFileTable {
    final class Open {
        let file: GuestFile
        /// Of a granted folder: the path under which the guest sees it.
        let path: String?
        var position: UInt64 = 0
        var appends: Bool
        /// The entries of a folder, as they were when it was read from its beginning.
        var entries: [GuestFile.Entry] = []

        init(_ file: GuestFile, path: String? = nil) {
            self.file = file
            self.path = path
            appends = file.access.appends
        }
    }

    let count = GuestFileCount()
    private var files: [UInt32: Open] = [:]

    init(_ folders: [(path: String, folder: GuestFile)]) {
        for (index, entry) in folders.enumerated() { files[UInt32(index) + 3] = Open(entry.folder, path: entry.path) }
    }

    subscript(number: UInt32) -> Open? { files[number] }

    /// The lowest number that is free.
    func add(_ file: GuestFile) -> UInt32 {
        var number: UInt32 = 3
        while files[number] != nil { number += 1 }
        files[number] = Open(file)
        return number
    }

    func remove(_ number: UInt32) -> Bool { files.removeValue(forKey: number) != nil }
}
