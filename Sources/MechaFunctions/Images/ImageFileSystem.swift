import NIOCore

/// The files of an image, made by laying its layers over each other: what a later one has replaces or, by a whiteout
/// (`.wh.name`, `.wh..wh..opq`), removes what an earlier one had.
struct ImageFileSystem {
    private var entries: [String: TarArchive.Entry] = [:]
    private var count = 0
    private let name: String

    /// - Parameter name: of the image, for messages.
    init(name: String) { self.name = name }

    private static let whiteout = ".wh."
    private static let opaque = ".wh..wh..opq"

    mutating func apply(_ layer: ByteBuffer, _ place: String) throws(FunctionBaseError) {
        var archive = TarArchive(layer, name: place)
        var fresh: [String: TarArchive.Entry] = [:]
        while let entry = try archive.next() {
            count += 1
            guard count <= ImageLimits.entriesAtMost else {
                throw FunctionBaseError(.refused, "\(name) has more than \(ImageLimits.entriesAtMost) files")
            }
            let slash = entry.path.lastIndex(of: "/")
            let last = slash.map { entry.path[entry.path.index(after: $0)...] } ?? entry.path[...]
            let folder = slash.map { String(entry.path[..<$0]) } ?? ""
            if last == Self.opaque {
                removeBelow(folder)
            } else if last.hasPrefix(Self.whiteout) {
                let path = "\(folder)\(folder.isEmpty ? "" : "/")\(last.dropFirst(Self.whiteout.count))"
                entries[path] = nil
                removeBelow(path)
            } else if !entry.path.isEmpty {
                fresh[entry.path] = entry
            }
        }
        // What a layer has itself its own whiteouts do not concern.
        for (path, entry) in fresh {
            if entry.kind != .folder { removeBelow(path) }
            entries[path] = entry
        }
    }

    private mutating func removeBelow(_ folder: String) {
        let prefix = folder.isEmpty ? "" : "\(folder)/"
        guard prefix.isEmpty || entries.keys.contains(where: { $0.hasPrefix(prefix) }) else { return }
        entries = entries.filter { !$0.key.hasPrefix(prefix) }
    }

    /// The file at a path, links followed; nil when there is none.
    func file(_ path: String) throws(FunctionBaseError) -> ByteBuffer? {
        var path = try TarArchive.clean(path, in: name)
        for _ in 0...ImageLimits.linksAtMost {
            guard let (link, rest) = firstLink(of: path) else { return nil }
            guard let entry = entries[link] else { return nil }
            switch entry.kind {
            case .file: return rest.isEmpty ? entry.content : nil
            case .hardLink(let target): path = target
            case .symbolicLink(let target):
                let folder = link.lastIndex(of: "/").map { String(link[..<$0]) } ?? ""
                path = try resolve(target, from: folder) + (rest.isEmpty ? "" : "/\(rest)")
            case .folder, .other: return nil
            }
        }
        throw FunctionBaseError(.refused, "\(name): \(path.prefix(200)) is a link that leads nowhere")
    }

    /// The first part of the path that is no folder, with what follows it.
    private func firstLink(of path: String) -> (String, String)? {
        var end = path.startIndex
        while true {
            let next = path[end...].firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<next])
            if let entry = entries[part], entry.kind != .folder {
                return (part, next == path.endIndex ? "" : String(path[path.index(after: next)...]))
            }
            if next == path.endIndex { return nil }
            end = path.index(after: next)
        }
    }

    /// Links may go up, but not beyond the top.
    private func resolve(_ target: String, from folder: String) throws(FunctionBaseError) -> String {
        var parts = target.hasPrefix("/") ? [] : folder.split(separator: "/")
        for part in target.split(separator: "/") where part != "." {
            if part == ".." {
                guard !parts.isEmpty else {
                    throw FunctionBaseError(.refused, "\(name): a link to \"\(target.prefix(200))\" leads out of the image")
                }
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    /// Paths of files whose names end so, in order.
    func paths(endingIn suffix: String) -> [String] {
        entries.values.filter { $0.kind == .file && $0.path.hasSuffix(suffix) }.map(\.path).sorted()
    }
}
