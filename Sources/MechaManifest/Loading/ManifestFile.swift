#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads files and folders, with limits.
enum ManifestFile {
    /// The file itself, or the manifest files of a folder sorted by name.
    static func files(at path: String, limits: ManifestLimits) throws(ManifestProblem) -> [String] {
        guard try isFolder(path) else { return [path] }
        guard let folder = opendir(path) else { throw problem("cannot be read: \(reason())", path) }
        defer { closedir(folder) }
        var files: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            // A dot begins what editors and file systems leave behind (`.#a.yaml`, `._a.yaml`).
            guard !name.hasPrefix("."), [".yaml", ".yml", ".json"].contains(where: { name.lowercased().hasSuffix($0) }) else { continue }
            let file = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
            // Anything but a regular file (or a link to one) is passed over: reading a pipe could block.
            guard let mode = self.mode(of: file), mode & S_IFMT == S_IFREG else { continue }
            files.append(file)
            guard files.count <= limits.maximumFilesPerFolder else {
                throw problem("holds more than \(limits.maximumFilesPerFolder) files", path)
            }
        }
        return files.sorted()
    }

    static func isFolder(_ path: String) throws(ManifestProblem) -> Bool {
        guard let mode = mode(of: path) else { throw problem("cannot be read: \(reason())", path) }
        return mode & S_IFMT == S_IFDIR
    }

    /// The file's text.
    static func text(of path: String, limits: ManifestLimits) throws(ManifestProblem) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw problem("cannot be read: \(reason())", path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw problem("cannot be read: \(reason())", path) }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= limits.maximumFileBytes else {
                throw problem("is longer than \(limits.maximumFileBytes) bytes", path)
            }
        }
        return try text(from: bytes, path)
    }

    /// UTF-8 with or without byte order mark.
    static func text(from bytes: [UInt8], _ path: String) throws(ManifestProblem) -> String {
        let body = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
        if body.starts(with: [0xff, 0xfe]) || body.starts(with: [0xfe, 0xff]) {
            throw problem("is UTF-16 text; expected UTF-8", path)
        }
        if body.contains(0) { throw problem("is a binary file; expected YAML or JSON text", path) }
        if let text = String(validating: body, as: UTF8.self) { return text }
        var line = 1
        for piece in body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: piece, as: UTF8.self) == nil { break }
            line += 1
        }
        throw ManifestProblem("is not valid UTF-8", at: SourceLocation(file: path, line: line))
    }

    private static func mode(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode : nil
    }

    private static func problem(_ message: String, _ path: String) -> ManifestProblem {
        ManifestProblem(message, at: SourceLocation(file: path))
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
