import MechaCore

extension CELEvaluator {
    mutating func call(_ function: CELFunction, _ arguments: [CELValue], at place: CELPlace) throws(CELError) -> CELValue {
        let first = arguments[0]
        switch function {
        case .size: return .int(Int64(try size(of: first, at: place)))
        case .contains, .startsWith, .endsWith:
            guard case .string(let text) = first, case .string(let part) = arguments[1] else { break }
            try spend((text.utf8.count + part.utf8.count) / 16, at: place)
            return .bool(Self.relates(function, text, part))
        case .matches:
            guard case .string(let text) = first, case .string(let pattern) = arguments[1] else { break }
            try spend(pattern.utf8.count, at: place)
            let expression: RegularExpression
            do throws(RegularExpression.PatternError) {
                expression = try RegularExpression(pattern)
            } catch {
                throw CELError(.invalidArgument, "the pattern is no regular expression: \(error)", at: place)
            }
            return .bool(try matches(text, expression, at: place))
        case .dyn: return first
        case .type: return .type(first.type)
        case .int, .uint, .double, .string, .bytes, .bool, .duration, .timestamp:
            return try convert(first, with: function, at: place)
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes, .getSeconds,
            .getMilliseconds:
            return try time(function, arguments, at: place)
        }
        throw .noOverload(function.rawValue, arguments, at: place)
    }

    private static func relates(_ function: CELFunction, _ text: String, _ part: String) -> Bool {
        switch function {
        case .startsWith: text.utf8.starts(with: part.utf8)
        case .endsWith: text.utf8.reversed().starts(with: part.utf8.reversed())
        default: TextSearch.contains(text, part)
        }
    }

    mutating func matches(_ text: String, _ expression: RegularExpression, at place: CELPlace) throws(CELError) -> Bool {
        // The matcher looks at each instruction for each character at worst.
        try spend(text.utf8.count * (1 + expression.size) / 16, at: place)
        return expression.matches(text)
    }

    private mutating func size(of value: CELValue, at place: CELPlace) throws(CELError) -> Int {
        switch value {
        case .string(let text):
            try spend(text.utf8.count / 16, at: place)
            return text.unicodeScalars.count
        case .bytes(let bytes): return bytes.count
        case .list(let list): return list.count
        case .map(let map):
            let count = map.count
            try spend(count / 4, at: place)
            return count
        default: throw .noOverload("size", [value], at: place)
        }
    }

    // MARK: - Time

    private func time(_ function: CELFunction, _ arguments: [CELValue], at place: CELPlace) throws(CELError) -> CELValue {
        switch arguments[0] {
        case .timestamp(let moment):
            var offset = 0
            if arguments.count == 2 {
                guard case .string(let zone) = arguments[1] else { break }
                guard let seconds = Self.offset(ofZone: zone) else {
                    throw CELError(
                        .invalidArgument, "the time zone is unknown, expected UTC or an offset such as +01:00", at: place)
                }
                offset = seconds
            }
            return .int(CELCalendar(moment, offsetSeconds: offset).part(function))
        case .duration(let duration) where arguments.count == 1:
            let (seconds, attoseconds) = duration.components
            switch function {
            case .getHours: return .int(seconds / 3600)
            case .getMinutes: return .int(seconds / 60)
            case .getSeconds: return .int(seconds)
            case .getMilliseconds: return .int(attoseconds / 1_000_000_000_000_000)
            default: break
            }
        default: break
        }
        throw .noOverload(function.rawValue, arguments, at: place)
    }

    /// Seconds east of UTC of `UTC`, `Z`, `+01:00`, `-02:30`, `05:30`; nil for anything else.
    private static func offset(ofZone zone: String) -> Int? {
        if ["UTC", "utc", "Z", "GMT", ""].contains(zone) { return 0 }
        var rest = Substring(zone)
        var sign = 1
        if rest.first == "-" || rest.first == "+" {
            sign = rest.first == "-" ? -1 : 1
            rest.removeFirst()
        }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), hours <= 14, minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}

/// A moment as a calendar shows it.
private struct CELCalendar {
    let year: Int
    let month: Int
    let day: Int
    let days: Int64
    let secondOfDay: Int64
    let nanoseconds: Int32

    init(_ moment: Timestamp, offsetSeconds: Int) {
        let local = moment.seconds + Int64(offsetSeconds)
        days = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        secondOfDay = local - days * 86_400
        (year, month, day) = Timestamp.civil(fromDays: days)
        nanoseconds = moment.nanoseconds
    }

    func part(_ function: CELFunction) -> Int64 {
        switch function {
        case .getFullYear: Int64(year)
        case .getMonth: Int64(month - 1)
        case .getDate: Int64(day)
        case .getDayOfMonth: Int64(day - 1)
        // The first of January 1970 was a Thursday.
        case .getDayOfWeek: ((days + 4) % 7 + 7) % 7
        case .getDayOfYear: days - Timestamp.days(fromCivil: year, 1, 1)
        case .getHours: secondOfDay / 3600
        case .getMinutes: secondOfDay / 60 % 60
        case .getSeconds: secondOfDay % 60
        default: Int64(nanoseconds / 1_000_000)
        }
    }
}
