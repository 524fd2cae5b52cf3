#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A process as others on the same host can recognise it: process ids are given away again, and mean
/// nothing in another container or after a restart of the machine.
struct ProcessIdentity: Sendable, Hashable {
    /// The boot of the machine and the id space of the process. Empty when it cannot be told.
    var realm: String
    var processID: Int32
    /// Clock ticks from the machine's start to that of the process.
    var startTicks: Int64

    /// This process.
    static func own() -> ProcessIdentity { of(getpid()) }

    /// A process of this host.
    static func of(_ processID: Int32) -> ProcessIdentity {
        ProcessIdentity(realm: ownRealm(), processID: processID, startTicks: startTicks(of: processID) ?? 0)
    }

    /// Whether the process runs, as far as one that belongs to `realm` can tell; nil when it cannot.
    func isAlive(seenFrom realm: String) -> Bool? {
        guard !realm.isEmpty, self.realm == realm else { return nil }
        return Self.startTicks(of: processID) == startTicks
    }

    private static func ownRealm() -> String {
        let space = String(unsafeUninitializedCapacity: 128) { bytes in
            bytes.withMemoryRebound(to: CChar.self) { bytes in
                bytes.baseAddress.map { max(0, readlink("/proc/self/ns/pid", $0, bytes.count)) } ?? 0
            }
        }
        guard !space.isEmpty, let boot = firstLine("/proc/sys/kernel/random/boot_id") else { return "" }
        return "\(boot) \(space)"
    }

    /// Field 22 of /proc/<id>/stat (proc(5)); nil when there is no such process.
    private static func startTicks(of id: Int32) -> Int64? {
        guard let line = firstLine("/proc/\(id)/stat"), let nameEnd = line.lastIndex(of: ")") else { return nil }
        // The name, which may hold anything, is the second field; counting starts after it.
        let fields = line[line.index(after: nameEnd)...].split(separator: " ")
        return fields.count > 19 ? Int64(fields[19]) : nil
    }

    private static func firstLine(_ path: String) -> String? {
        guard let stream = fopen(path, "re") else { return nil }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
