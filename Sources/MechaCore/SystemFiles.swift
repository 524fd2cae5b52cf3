#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What every part that keeps files does with them, without Foundation's weight. All of it blocks. Where something
/// fails, `errno` says why.
package enum SystemFiles {
    /// Writes all of the bytes, also when the system takes them in parts; false when it does not take them.
    package static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let count = systemWrite(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
                if count > 0 {
                    start += count
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }

    /// As many bytes as there are, `count` at most; nil when they cannot be read.
    package static func read(_ descriptor: Int32, count: Int) -> [UInt8]? {
        var hasFailed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let read = systemRead(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
                if read < 0, errno == EINTR { continue }
                hasFailed = read < 0
                if read <= 0 { return }
                filled += read
            }
        }
        return hasFailed ? nil : bytes
    }

    /// Makes a folder with those above it; true also when it is there.
    package static func makeFolder(_ path: String, mode: mode_t) -> Bool {
        if mkdir(path, mode) == 0 || errno == EEXIST { return true }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return false }
        guard makeFolder(String(path[..<slash]), mode: mode) else { return false }
        return mkdir(path, mode) == 0 || errno == EEXIST
    }

    /// Names in a folder in order, without `.` and `..`; empty when it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

// The system's, beside members of these names.
private func systemRead(_ file: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int { read(file, bytes, count) }

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }
