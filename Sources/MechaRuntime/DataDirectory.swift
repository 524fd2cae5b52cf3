#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The folder of the embedded defaults.
enum DataDirectory {
    /// Makes the folder, for its owner only, with all that lead to it.
    static func prepare(_ path: String) throws {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o700) != 0, errno != EEXIST {
                throw RuntimeStartError(
                    "the data directory \(path) cannot be made: \(String(cString: strerror(errno)))",
                    hint: "name another with --data-dir or MECHA_HOME")
            }
        }
        guard access(path, W_OK) == 0 else {
            throw RuntimeStartError(
                "the data directory \(path) cannot be written: \(String(cString: strerror(errno)))",
                hint: "name another with --data-dir or MECHA_HOME")
        }
    }
}

/// The process's environment variables.
enum ProcessEnvironment {
    static func read() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return variables
    }
}
