/// Paths as text; the file system is not asked.
enum FilePaths {
    static func join(_ folder: String, _ path: String) -> String {
        folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }

    /// An absolute path without `.`, `..` and doubled slashes. A leading `~` stands for `home`, a relative
    /// path starts at `base`, which is absolute.
    static func absolute(_ path: String, base: String, home: String) -> String {
        let start: String
        if path == "~" || path.hasPrefix("~/") {
            start = home + path.dropFirst()
        } else {
            start = path.hasPrefix("/") ? path : join(base, path)
        }
        var parts: [Substring] = []
        for part in start.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The folder that a file stands in, for an absolute path.
    static func folder(of file: String) -> String {
        let folder = file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex)
        return folder.isEmpty ? "/" : String(folder)
    }

    /// The last part of a path.
    static func lastPart(of path: String) -> String {
        String(path.split(separator: "/").last ?? "")
    }
}
