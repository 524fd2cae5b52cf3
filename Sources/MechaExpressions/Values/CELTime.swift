import MechaCore

/// Timestamps and durations as the language computes with them: exact, and in range or an error.
package enum CELTime {
    /// About 10,000 years, the range of `google.protobuf.Duration`.
    package static let maximumDuration = Duration.seconds(315_576_000_000)
    /// 0001-01-01T00:00:00Z.
    static let firstSecond: Int64 = -62_135_596_800
    /// 9999-12-31T23:59:59Z.
    static let lastSecond: Int64 = 253_402_300_799

    static func isInRange(_ duration: Duration) -> Bool {
        duration <= maximumDuration && duration >= .zero - maximumDuration
    }

    static func isInRange(_ moment: Timestamp) -> Bool { (firstSecond...lastSecond).contains(moment.seconds) }

    /// Nil when the sum leaves the range.
    static func add(_ moment: Timestamp, _ duration: Duration) -> Timestamp? {
        let (seconds, attoseconds) = duration.components
        var sum = moment.seconds + seconds
        var nanoseconds = Int64(moment.nanoseconds) + attoseconds / 1_000_000_000
        if nanoseconds < 0 {
            nanoseconds += 1_000_000_000
            sum -= 1
        } else if nanoseconds >= 1_000_000_000 {
            nanoseconds -= 1_000_000_000
            sum += 1
        }
        let result = Timestamp(seconds: sum, nanoseconds: Int32(nanoseconds))
        return isInRange(result) ? result : nil
    }

    static func subtract(_ a: Timestamp, _ b: Timestamp) -> Duration {
        .seconds(a.seconds - b.seconds) + .nanoseconds(Int64(a.nanoseconds) - Int64(b.nanoseconds))
    }

    /// Reads `1h30m`, `-1.5s`, `250ms`, ... exactly, down to nanoseconds; nil for anything else.
    static func parseDuration(_ text: String) -> Duration? {
        var bytes = Array(text.utf8)[...]
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        if bytes.elementsEqual("0".utf8) { return .zero }
        guard !bytes.isEmpty else { return nil }
        var total: Int128 = 0
        while !bytes.isEmpty {
            let whole = bytes.prefix(while: isDigit)
            bytes = bytes.dropFirst(whole.count)
            var fraction = bytes.prefix(0)
            if bytes.first == UInt8(ascii: ".") {
                fraction = bytes.dropFirst().prefix(while: isDigit)
                bytes = bytes.dropFirst(1 + fraction.count)
            }
            guard whole.count + fraction.count > 0, whole.count <= 24 else { return nil }
            let unit = bytes.prefix { $0 != UInt8(ascii: ".") && !isDigit($0) }
            bytes = bytes.dropFirst(unit.count)
            guard let scale = nanoseconds(of: String(decoding: unit, as: UTF8.self)) else { return nil }
            total += number(whole) * scale
            var divisor: Int128 = 1
            for _ in fraction.prefix(18) { divisor *= 10 }
            total += number(fraction.prefix(18)) * scale / divisor
            guard total <= Int128(maximumDuration.components.seconds) * 1_000_000_000 else { return nil }
        }
        let duration = Duration.seconds(Int64(total / 1_000_000_000)) + .nanoseconds(Int64(total % 1_000_000_000))
        return isNegative ? .zero - duration : duration
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int128 {
        digits.reduce(0) { $0 * 10 + Int128($1 - 0x30) }
    }

    private static func nanoseconds(of unit: String) -> Int128? {
        switch unit {
        case "ns": 1
        case "us", "µs", "μs": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    /// Seconds with as many decimals as are not zero: `90s`, `-0.25s`.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = (attoseconds / 1_000_000_000).magnitude
        let sign = duration < .zero ? "-" : ""
        guard nanoseconds > 0 else { return "\(sign)\(seconds.magnitude)s" }
        var digits = String(nanoseconds + 1_000_000_000).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(sign)\(seconds.magnitude).\(digits)s"
    }
}
