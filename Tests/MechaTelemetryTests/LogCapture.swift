import MechaCore
import MechaTelemetry
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A log writer into a pipe, and what came out of it.
final class LogCapture {
    let writer: LogWriter
    private var reading: Int32
    private let writing: Int32

    init(
        maximumQueuedBytes: Int = LogLimits.maximumQueuedBytes, describeDrops: (@Sendable (UInt64) -> ByteBuffer)? = nil
    ) {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        reading = ends[0]
        writing = ends[1]
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        writer = LogWriter(descriptor: writing, maximumQueuedBytes: maximumQueuedBytes, describeDrops: describeDrops)
    }

    deinit {
        if reading >= 0 { close(reading) }
        close(writing)
    }

    /// Everything written until now; fits a pipe (64 KiB).
    func text() -> String {
        writer.flush()
        return take()
    }

    /// One read of what is in the pipe, empty when there is nothing.
    func take() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(reading, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    func closeReader() {
        close(reading)
        reading = -1
    }

    /// Leaves no room in the pipe.
    func fill() {
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
        let filler = [UInt8](repeating: UInt8(ascii: "#"), count: 4_096)
        while write(writing, filler, filler.count) > 0 {}
        _ = fcntl(writing, F_SETFL, 0)
    }
}

/// A clock that stands still.
struct FixedClock: MechaClock {
    var moment = Timestamp(seconds: 1_795_255_200, nanoseconds: 123_456_700)

    func now() -> Timestamp { moment }
    func monotonicNanoseconds() -> UInt64 { 0 }
    func sleep(for duration: Duration) async throws {}
}
