#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A process that cannot be mistaken for a later one of the same number.
struct ProcessIdentity: Sendable, Equatable {
    var pid: Int32
    /// When the process started, in clock ticks since the machine did; 0 where the system does not tell.
    var startTicks: UInt64

    static var own: ProcessIdentity { ProcessIdentity(pid: getpid(), startTicks: startTicks(of: getpid()) ?? 0) }

    /// Whether that very process still runs.
    var isAlive: Bool {
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        guard let ticks = Self.startTicks(of: pid), startTicks != 0 else { return startTicks == 0 }
        return ticks == startTicks
    }

    /// Field 22 of `/proc/<pid>/stat` (proc(5)). The second field is the program's name in parentheses,
    /// which may hold anything, so fields are counted from its end.
    private static func startTicks(of pid: Int32) -> UInt64? {
        guard let bytes = try? Files.read("/proc/\(pid)/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
    }
}
