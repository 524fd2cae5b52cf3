/// The functions of the language.
enum CELFunction: String, Sendable, CaseIterable {
    case size, contains, startsWith, endsWith, matches
    case int, uint, double, string, bytes, bool, duration, timestamp, type, dyn
    case getFullYear, getMonth, getDate, getDayOfMonth, getDayOfWeek, getDayOfYear, getHours, getMinutes, getSeconds,
        getMilliseconds

    /// Arguments when it is called by itself; nil when it cannot be.
    var globalArguments: ClosedRange<Int>? {
        switch self {
        case .size, .int, .uint, .double, .string, .bytes, .bool, .duration, .timestamp, .type, .dyn: 1...1
        case .matches: 2...2
        default: nil
        }
    }

    /// Arguments beside the receiver when it is called on a value (`text.size()`); nil when it cannot be.
    var memberArguments: ClosedRange<Int>? {
        switch self {
        case .size: 0...0
        case .contains, .startsWith, .endsWith, .matches: 1...1
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes, .getSeconds,
            .getMilliseconds:
            0...1
        default: nil
        }
    }
}
