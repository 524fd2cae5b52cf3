import MechaCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Times as `list` shows them.
enum Age {
    /// How long ago, in the largest whole unit: `12s`, `5m`, `3h`, `2d`.
    static func text(since moment: Timestamp, now: Timestamp) -> String {
        let seconds = max(0, now.seconds - moment.seconds)
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3_600: return "\(seconds / 60)m"
        case ..<86_400: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// `2026-08-01 15:04.05` in local time; the point is Dapr's.
    static func created(_ moment: Timestamp) -> String { format(moment, "%Y-%m-%d %H:%M.%S") }

    /// `20260801150405` in local time, as in names of log files.
    static func compact(_ moment: Timestamp) -> String { format(moment, "%Y%m%d%H%M%S") }

    private static func format(_ moment: Timestamp, _ pattern: String) -> String {
        var seconds = time_t(moment.seconds)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let base = buffer.baseAddress, strftime(base, buffer.count, pattern, &parts) > 0 else { return "" }
            return String(cString: base)
        }
    }
}
