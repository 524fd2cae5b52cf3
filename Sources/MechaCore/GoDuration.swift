/// Durations as Go and Dapr write them: `300ms`, `1.5h`, `2h45m`, with units ns, us (µs), ms, s, m, h.
public enum GoDuration {
    /// Nil when `text` is not a duration or does not fit.
    public static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        var negative = false
        if let sign = rest.first, sign == "-" || sign == "+" {
            negative = sign == "-"
            rest.removeFirst()
        }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { return nil }
        var nanoseconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(digits), digits.contains(where: \.isNumber) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest.dropFirst(unit.count)
            let scale: Double
            switch unit {
            case "ns": scale = 1
            case "us", "µs", "μs": scale = 1e3
            case "ms": scale = 1e6
            case "s": scale = 1e9
            case "m": scale = 60e9
            case "h": scale = 3600e9
            default: return nil
            }
            nanoseconds += number * scale
        }
        guard nanoseconds < 9.2e18 else { return nil }
        let whole = Int64(nanoseconds.rounded())
        return .nanoseconds(negative ? -whole : whole)
    }

    /// The shortest of Go's own spellings: `1m30s`, `500ms`, `0s`.
    public static func format(_ duration: Duration) -> String {
        let total = duration.wholeNanoseconds
        guard total != 0 else { return "0s" }
        let sign = total < 0 ? "-" : ""
        let magnitude = total.magnitude
        if magnitude < 1_000 { return "\(sign)\(magnitude)ns" }
        if magnitude < 1_000_000 { return "\(sign)\(decimal(magnitude, 1_000))µs" }
        if magnitude < 1_000_000_000 { return "\(sign)\(decimal(magnitude, 1_000_000))ms" }
        let hours = magnitude / 3_600_000_000_000
        let minutes = magnitude / 60_000_000_000 % 60
        let seconds = decimal(magnitude % 60_000_000_000, 1_000_000_000)
        if hours > 0 { return "\(sign)\(hours)h\(minutes)m\(seconds)s" }
        if minutes > 0 { return "\(sign)\(minutes)m\(seconds)s" }
        return "\(sign)\(seconds)s"
    }

    private static func decimal(_ value: UInt64, _ unit: UInt64) -> String {
        let fraction = value % unit
        guard fraction != 0 else { return "\(value / unit)" }
        var digits = String(fraction + unit).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(value / unit).\(digits)"
    }
}

extension Duration {
    /// Whole nanoseconds, saturated at the ends of Int64.
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Milliseconds with their fraction.
    public var inMilliseconds: Double { Double(wholeNanoseconds) / 1e6 }

    /// Seconds with their fraction.
    public var inSeconds: Double { Double(wholeNanoseconds) / 1e9 }
}
