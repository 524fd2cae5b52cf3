import MechaCore

/// The path of a method on an app, as it goes to the app: escapes as the caller wrote them, cleaned, with
/// the query (section 1.3 of the Dapr surface).
public struct MethodPath: Sendable, Hashable {
    /// Begins with a slash; includes `?` and the query if there is one.
    public let target: String

    /// - Parameters:
    ///   - path: percent-encoded, with or without a slash in front.
    ///   - query: percent-encoded, without `?`; empty for none.
    public init(_ path: Substring, query: Substring) throws(InvocationError) {
        let cleaned = try Self.clean(path)
        try Self.check(query)
        target = query.isEmpty ? (cleaned.isEmpty ? "/" : cleaned) : "\(cleaned.isEmpty ? "/" : cleaned)?\(query)"
    }

    public init(_ path: String, query: String = "") throws(InvocationError) { try self.init(path[...], query: query[...]) }

    /// Splits off the query of a whole request target.
    public init(target: Substring) throws(InvocationError) {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            self.target = Self.isClean(target.utf8) ? String(target) : try MethodPath(target, query: "").target
            return
        }
        let query = target[target.utf8.index(after: mark)...]
        guard Self.isClean(target[..<mark].utf8), !query.isEmpty else {
            self = try MethodPath(target[..<mark], query: query)
            return
        }
        // The common case: what came is what goes, copied once.
        try Self.check(query)
        self.target = String(target)
    }

    public init(target: String) throws(InvocationError) { try self.init(target: target[...]) }

    private var mark: String.Index { target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex }

    public var path: Substring { target[..<mark] }

    public var query: Substring { target[mark...].dropFirst() }

    private static func check(_ query: Substring) throws(InvocationError) {
        guard query.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != 0x23 }) else {
            throw InvocationError(.invalidMethod, "the query has characters that do not belong there")
        }
    }

    /// The path with empty and dot segments resolved, a slash in front and none at the end; empty for the
    /// root. What a segment means is judged unescaped, since the app will unescape it.
    static func clean(_ path: Substring) throws(InvocationError) -> String {
        if isClean(path.utf8) { return String(path) }
        var segments: [Substring.UTF8View] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true) {
            guard let meaning = PercentCoding.bytes(of: segment) else {
                throw InvocationError(.invalidMethod, "the method path has a bad percent-escape")
            }
            // A blank is fine escaped only.
            guard meaning.allSatisfy(isAllowed), !segment.contains(0x20) else {
                throw InvocationError(.invalidMethod, "the method path has '#', '?', a blank or a control character in it")
            }
            switch meaning {
            case [0x2e]: continue
            case [0x2e, 0x2e]: _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        return segments.map { "/\(Substring($0))" }.joined()
    }

    /// Whether cleaning changes nothing: plain characters, no empty segment, none that begins with a dot.
    private static func isClean(_ path: Substring.UTF8View) -> Bool {
        guard path.first == 0x2f else { return false }
        var previous: UInt8 = 0
        for byte in path {
            switch byte {
            case 0x2f where previous == 0x2f: return false
            case 0x2e where previous == 0x2f: return false
            case 0x25, 0x23, 0x3f, 0...0x20, 0x7f...: return false
            default: previous = byte
            }
        }
        return previous != 0x2f
    }

    private static func isAllowed(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f && byte != 0x23 && byte != 0x3f }
}
