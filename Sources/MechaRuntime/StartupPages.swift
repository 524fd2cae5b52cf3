#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Lets go of the code pages that only the start needed.
///
/// Starting touches much of the executable once (look-ups of protocol conformances, decoding of resources, TLS
/// set-up), and the kernel maps sixteen pages for each one touched, so about 20 MB of code count as resident
/// though less than half is ever run again. They are clean pages of a file: what is needed is mapped again from the
/// page cache at its next use.
enum StartupPages {
    /// Does nothing where the process's mappings cannot be read.
    static func release() {
        #if os(Linux)
        for mapping in codeMappings() {
            guard let start = UnsafeMutableRawPointer(bitPattern: mapping.lowerBound) else { continue }
            _ = madvise(start, mapping.count, MADV_DONTNEED)
        }
        #endif
    }

    /// Executable mappings of files that nobody writes to: dropping any other would lose what was written there, such
    /// as relocations.
    static func codeMappings() -> [Range<UInt>] {
        readMappings().split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
            let ends = fields[0].split(separator: "-")
            guard ends.count == 2, let start = UInt(ends[0], radix: 16), let end = UInt(ends[1], radix: 16), start < end else { return nil }
            return start..<end
        }
    }

    private static func readMappings() -> String {
        let descriptor = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { text += chunk[..<count] }
        return String(decoding: text, as: UTF8.self)
    }
}
