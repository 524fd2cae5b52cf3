#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Time as the runtime sees it, injected so that tests can move it.
public protocol MechaClock: Sendable {
    /// Wall-clock time; may jump.
    func now() -> Timestamp
    /// Nanoseconds of a clock that never runs backwards; its zero has no meaning.
    func monotonicNanoseconds() -> UInt64
    func sleep(for duration: Duration) async throws
}

/// The machine's own clocks.
public struct SystemClock: MechaClock {
    public init() {}

    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    public func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}
