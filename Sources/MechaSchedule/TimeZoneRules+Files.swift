#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension TimeZoneRules {
    private static let folders = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"]
    /// The largest zoneinfo file is about 4 KiB.
    private static let maximumFileBytes = 256 << 10

    /// The zone of that name from the system's zoneinfo files; nil when there is none. Reads a file.
    package static func named(_ name: String) -> TimeZoneRules? {
        switch name {
        case "", "UTC", "utc", "Z": return .utc
        case "Local", "local": return local
        default: break
        }
        // A name is a path below the folder and nothing else.
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPath = parts.allSatisfy { part in
            !part.isEmpty && part.first != "."
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2d, 0x2e, 0x5f: true
                    default: false
                    }
                }
        }
        guard isPath, name.utf8.count <= 100 else { return nil }
        for folder in folders {
            if let bytes = read("\(folder)/\(name)"), let rules = TimeZoneRules(name: name, tzif: bytes) { return rules }
        }
        return nil
    }

    /// The machine's zone: the `TZ` variable, else `/etc/localtime`, else UTC. Reads a file.
    package static var local: TimeZoneRules {
        if let value = getenv("TZ") {
            var name = String(cString: value)
            if name.hasPrefix(":") { name.removeFirst() }
            if name.isEmpty { return .utc }
            if name != "Local", name != "local", let zone = named(name) { return zone }
            if let rule = PosixTimeZone(name) { return TimeZoneRules(name: name, changes: [], firstOffset: 0, rule: rule) }
        }
        return read("/etc/localtime").flatMap { TimeZoneRules(name: "Local", tzif: $0) } ?? .utc
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        var count = 0
        while true {
            let size = bytes.count
            let got = bytes.withUnsafeMutableBytes { buffer -> Int in
                buffer.baseAddress.map { systemRead(file, $0 + count, size - count) } ?? -1
            }
            if got < 0 { return nil }
            if got == 0 { return Array(bytes[..<count]) }
            count += got
            guard count < maximumFileBytes else { return nil }
            if count == bytes.count { bytes.append(contentsOf: [UInt8](repeating: 0, count: bytes.count)) }
        }
    }
}

/// The system's `read`, under a name that the method above does not hide.
private func systemRead(_ file: Int32, _ target: UnsafeMutableRawPointer, _ count: Int) -> Int { read(file, target, count) }
