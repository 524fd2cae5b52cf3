import MechaCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a database is, as a connection string says it: `data.db`, `/var/lib/data.db?mode=ro`,
/// `file:data.db?_pragma=cache_size(-4000)&_journal=WAL`, `:memory:`.
public struct SQLiteLocation: Sendable, Equatable {
    /// Absolute or relative to the working directory of the process; nil for a database in memory.
    public private(set) var path: String?
    private var createsFolder = false
    /// Parameters that SQLite reads itself (`mode`, `immutable`, `nolock`, ...).
    private var uriParameters: [String] = []
    private(set) var pragmas: [Pragma] = []
    /// What the string says of the journal and of waiting for locks; nil where it says nothing.
    public private(set) var usesWAL: Bool?
    public private(set) var busyTimeout: Duration?
    /// Parameters that other drivers know and that change nothing here.
    public private(set) var ignoredParameters: [String] = []

    struct Pragma: Sendable, Equatable {
        var name: String
        var value: String
    }

    public static let inMemory = SQLiteLocation(path: nil)

    public init(path: String?) { self.path = path }

    /// A file in the data directory, which is made when it is missing.
    public init(dataDirectory: String, file: String) {
        path = "\(dataDirectory)/\(file)"
        createsFolder = true
    }

    public var isInMemory: Bool { path == nil }

    /// What a log line may show.
    public var description: String { path ?? ":memory:" }

    /// Reads a connection string; relative paths start at `folder`.
    /// Throws ``MetadataError`` for the field `connectionString`.
    public init(connectionString: String, relativeTo folder: String) throws {
        var rest = Substring(connectionString)
        let isURI = rest.hasPrefix("file:")
        if isURI { rest = rest.dropFirst(5) }
        if isURI, rest.hasPrefix("//") {
            // An authority (file://host/path): SQLite takes none or "localhost".
            let host = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
            guard host.isEmpty || host == "localhost" else {
                throw Self.invalid("names a host", "file: followed by a path")
            }
            rest = rest.dropFirst(2 + host.count)
        }
        let rawPath = rest.prefix { $0 != "?" && !(isURI && $0 == "#") }
        let query = rest.dropFirst(rawPath.count).dropFirst().prefix { !(isURI && $0 == "#") }
        let name = isURI ? try Self.decode(rawPath) : String(rawPath)
        guard !name.utf8.contains(0) else { throw Self.invalid("holds a NUL character", "a path") }
        if name == ":memory:" {
            path = nil
        } else {
            guard !name.isEmpty else { throw Self.invalid("names no file", "a path, or \":memory:\"") }
            path = name.hasPrefix("/") || folder == "." ? name : "\(folder)/\(name)"
        }
        for parameter in query.split(separator: "&") {
            let key = parameter.prefix { $0 != "=" }
            try read(parameter: try Self.decode(key), value: try Self.decode(parameter.dropFirst(key.count).dropFirst()))
        }
    }

    private mutating func read(parameter: String, value: String) throws {
        switch parameter {
        case "mode":
            guard ["ro", "rw", "rwc", "memory"].contains(value) else {
                throw Self.invalid("sets mode=\(value)", "mode ro, rw, rwc or memory")
            }
            if value == "memory" { path = nil } else { uriParameters.append("mode=\(value)") }
        case "immutable", "nolock", "psow":
            guard let flag = Self.flag(value) else { throw Self.invalid("sets \(parameter)=\(value)", "\(parameter) 0 or 1") }
            uriParameters.append("\(parameter)=\(flag ? 1 : 0)")
        case "_pragma":
            let name = value.prefix { $0 != "(" && $0 != "=" }
            try read(pragma: name.lowercased(), value: String(value.dropFirst(name.count + 1).prefix { $0 != ")" }))
        case "_journal", "_journal_mode": try read(pragma: "journal_mode", value: value)
        case "_timeout", "_busy_timeout": try read(pragma: "busy_timeout", value: value)
        case "_sync", "_synchronous": try read(pragma: "synchronous", value: value)
        default: ignoredParameters.append(parameter)
        }
    }

    private mutating func read(pragma: String, value: String) throws {
        switch pragma {
        case "journal_mode":
            switch value.lowercased() {
            case "wal": usesWAL = true
            case "delete", "truncate", "persist": usesWAL = false
            default: throw Self.invalid("sets journal_mode \(value)", "wal or delete, which keep what is acknowledged")
            }
        case "busy_timeout":
            guard let milliseconds = Int(value), milliseconds >= 0 else {
                throw Self.invalid("sets busy_timeout \(value)", "milliseconds")
            }
            busyTimeout = .milliseconds(milliseconds)
        case "synchronous", "cache_size", "mmap_size", "temp_store", "wal_autocheckpoint", "journal_size_limit", "secure_delete",
            "page_size", "auto_vacuum", "locking_mode":
            guard !value.isEmpty, value.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || Self.isAlphanumeric($0) })
            else { throw Self.invalid("sets pragma \(pragma) to something that is no word or number", "a word or a number") }
            pragmas.append(Pragma(name: pragma, value: value))
        default: throw Self.invalid("sets the pragma \"\(pragma)\"", "one that concerns storage, such as cache_size or synchronous")
        }
    }

    // MARK: - For SQLite

    /// The name to open the database by.
    var uri: String {
        guard let path else { return "file::memory:" }
        var uri = "file:"
        for byte in path.utf8 {
            if Self.isAlphanumeric(byte) || "/._-".utf8.contains(byte) {
                uri.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                uri += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return uriParameters.isEmpty ? uri : uri + "?" + uriParameters.joined(separator: "&")
    }

    /// Makes the file, for this user only: state may hold what others should not read, and SQLite itself
    /// would make it readable for all. Failures are left for SQLite to report.
    func createFileIfMissing() {
        guard let path, !uriParameters.contains(where: { $0 == "mode=ro" || $0 == "mode=rw" || $0 == "immutable=1" }) else { return }
        if createsFolder { Self.makeFolder(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)) }
        // Never an existing file: closing a descriptor of it would drop the POSIX locks that this process
        // holds there through its other connections.
        let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Makes the folder with those above it, for this user only.
    private static func makeFolder(_ folder: Substring) {
        guard !folder.isEmpty, access(String(folder), F_OK) != 0 else { return }
        if let parent = folder.lastIndex(of: "/") { makeFolder(folder.prefix(upTo: parent)) }
        _ = mkdir(String(folder), 0o700)
    }

    // MARK: - Text

    private static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "true", "yes", "on": true
        case "0", "false", "no", "off": false
        default: nil
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }

    /// Replaces `%xx`.
    private static func decode(_ text: Substring) throws -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else {
                throw invalid("holds a % that two hexadecimal digits do not follow", "%25 for a % sign")
            }
            bytes.append(high << 4 | low)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    private static func invalid(_ problem: String, _ expected: String) -> MetadataError {
        MetadataError(field: "connectionString", problem: problem, expected: expected)
    }
}
