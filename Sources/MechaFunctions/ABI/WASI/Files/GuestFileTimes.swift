#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// New times of a file; nil leaves one as it is.
struct GuestFileTimes: Sendable {
    enum Value: Sendable {
        case now
        case time(seconds: Int, nanoseconds: Int)
    }

    var read: Value?
    var modified: Value?

    var values: [timespec] { [Self.timespec(read), Self.timespec(modified)] }

    private static func timespec(_ value: Value?) -> timespec {
        var time = Self.empty
        switch value {
        case nil: time.tv_nsec = Int(timeStays)
        case .now: time.tv_nsec = Int(timeIsNow)
        case .time(let seconds, let nanoseconds): (time.tv_sec, time.tv_nsec) = (seconds, min(max(0, nanoseconds), 999_999_999))
        }
        return time
    }

    private static var empty: timespec { .init() }
}

// Macros with a cast in them, which Swift does not see.
#if canImport(Darwin)
private let timeIsNow = -1
private let timeStays = -2
#else
private let timeIsNow = (1 << 30) - 1
private let timeStays = (1 << 30) - 2
#endif
