import Glibc

/// Seconds of the wall and of this process's CPU, user and system together.
struct BenchClock {
    var wall: Double
    var cpu: Double

    static func now() -> BenchClock {
        BenchClock(wall: Double(nanoseconds()) / 1e9, cpu: Double(read(CLOCK_PROCESS_CPUTIME_ID)) / 1e9)
    }

    /// Of a clock that all processes of the machine share and that never runs backwards.
    static func nanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
