#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What the kernel says about this process (proc(5)); zero where it does not say.
struct ProcessStatus {
    var cpuMicroseconds: Int64 = 0
    var residentBytes: Int64 = 0
    var virtualBytes: Int64 = 0
    var threads: Int64 = 0
    var openFileDescriptors: Int64 = 0
    var maximumFileDescriptors: Int64 = 0

    static func read() -> ProcessStatus {
        var status = ProcessStatus()
        var time = timespec()
        if clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 {
            status.cpuMicroseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
        }
        if let fields = statFields() {
            status.threads = fields[.threads]
            status.virtualBytes = fields[.virtualBytes]
            status.residentBytes = fields[.residentPages] * Int64(sysconf(Int32(_SC_PAGESIZE)))
        }
        status.openFileDescriptors = countOpenFileDescriptors()
        status.maximumFileDescriptors = Int64(max(0, sysconf(Int32(_SC_OPEN_MAX))))
        return status
    }

    /// When the process began; nil where `/proc` does not tell.
    static func startSecondsSinceEpoch() -> Double? {
        guard let fields = statFields(), let bytes = FileDescriptor.contents(of: "/proc/stat") else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("btime ") }
        guard let line, let boot = Int64(line.dropFirst("btime ".count)) else { return nil }
        return Double(boot) + Double(fields[.startTicks]) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Fields of `/proc/self/stat` counted from the one after the command name (which may hold anything).
    private enum StatField: Int {
        case threads = 17
        case startTicks = 19
        case virtualBytes = 20
        case residentPages = 21
    }

    private struct StatFields {
        let values: [Substring]
        subscript(field: StatField) -> Int64 {
            field.rawValue < values.count ? Int64(values[field.rawValue]) ?? 0 : 0
        }
    }

    private static func statFields() -> StatFields? {
        guard let bytes = FileDescriptor.contents(of: "/proc/self/stat") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        return StatFields(values: text[text.index(after: end)...].split { $0 == " " || $0 == "\n" })
    }

    private static func countOpenFileDescriptors() -> Int64 {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count: Int64 = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != CChar(bitPattern: UInt8(ascii: ".")) { count += 1 }
        }
        // The descriptor by which we read the directory is not one of the process's own.
        return max(0, count - 1)
    }
}
