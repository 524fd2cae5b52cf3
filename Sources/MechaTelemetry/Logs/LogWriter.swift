import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes lines to a file descriptor on a thread of its own, so that a slow terminal, pipe or disk never
/// holds up an event loop.
///
/// Lines are written at once, whole, and several together in one call as long as the system keeps such a
/// call undivided, so lines of several processes on one pipe do not mix. When the reader is too slow and
/// the queue is full, new lines are dropped and counted.
public final class LogWriter: Sendable {
    private let thread: LogWriterThread

    /// - Parameters:
    ///   - descriptor: where lines go.
    ///   - closesDescriptor: whether the descriptor is closed when the writer is.
    ///   - describeDrops: makes the line that tells how many were dropped, once there is room again.
    public init(
        descriptor: Int32, closesDescriptor: Bool = false, maximumQueuedBytes: Int = LogLimits.maximumQueuedBytes,
        describeDrops: (@Sendable (UInt64) -> ByteBuffer)? = nil
    ) {
        thread = LogWriterThread(
            descriptor: descriptor, closesDescriptor: closesDescriptor, maximumQueuedBytes: maximumQueuedBytes,
            describeDrops: describeDrops)
        thread.start()
    }

    /// A writer that appends to a file, which is made when it is missing, readable by its owner only.
    public static func file(
        path: String, maximumQueuedBytes: Int = LogLimits.maximumQueuedBytes,
        describeDrops: (@Sendable (UInt64) -> ByteBuffer)? = nil
    ) throws(LogFileError) -> LogWriter {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw LogFileError(path: path, code: errno) }
        return LogWriter(
            descriptor: descriptor, closesDescriptor: true, maximumQueuedBytes: maximumQueuedBytes,
            describeDrops: describeDrops)
    }

    deinit { thread.close() }

    /// Queues whole lines, each ending in a line feed. Never waits for the output.
    public func write(_ lines: ByteBuffer) { thread.append(lines) }

    /// How many lines were dropped because the queue was full or the output gone.
    public var droppedLines: UInt64 { thread.droppedLines }

    /// Shows the ``droppedLines`` of all `writers` as `mecha_log_lines_dropped_total` of a registry, best that
    /// of the process.
    public static func observe(_ writers: [LogWriter], in registry: MetricRegistry) {
        let dropped = registry.observedCounter(
            "mecha_log_lines_dropped_total", help: "Log lines dropped because the output was too slow or gone."
        ).with()
        let threads = writers.map(\.thread)
        registry.onCollect { dropped.set(threads.reduce(0) { $0 + Int64(clamping: $1.droppedLines) }) }
    }

    /// Waits until everything queued before is written; false when that took longer. Blocks its thread: for
    /// the end of a process, not for event loops.
    @discardableResult
    public func flush(timeoutMilliseconds: Int = 1_000) -> Bool {
        thread.waitUntilWritten(timeoutMilliseconds: timeoutMilliseconds)
    }
}
