#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The places that one log of a run goes to.
struct LogSink: Sendable {
    private let writers: [LineWriter]

    init(writers: [LineWriter]) { self.writers = writers }

    /// Opens the destination's file, and makes its folder. The file is appended to, because the runtime
    /// writes to the same one.
    init(_ destination: LogDestination, console: LineWriter) throws(CommandError) {
        var writers: [LineWriter] = []
        if destination.isOnConsole { writers.append(console) }
        if let path = destination.file { writers.append(try Self.openFile(path)) }
        self.writers = writers
    }

    func write(_ line: [UInt8]) {
        for writer in writers { writer.write(line + [UInt8(ascii: "\n")]) }
    }

    func write(_ line: String) {
        for writer in writers { writer.write(line: line) }
    }

    private static func openFile(_ path: String) throws(CommandError) -> LineWriter {
        do {
            if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try Files.makeDirectory(String(path[..<slash])) }
        } catch {
            throw CommandError("Cannot make the log folder: \(error)")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw CommandError("Cannot write the log file \(path): \(SystemError.text(errno))") }
        return LineWriter(descriptor: descriptor, isOwned: true)
    }
}
