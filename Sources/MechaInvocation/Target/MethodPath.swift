/// The path of a method on an app, as it goes to the app: escapes as the caller wrote them, cleaned, with
/// the query (section 1.3 of the Dapr surface).
public struct MethodPath: Sendable, Hashable {
    /// Begins with a slash; includes `?` and the query if there is one.
    public let target: String

    /// - Parameters:
    ///   - path: percent-encoded, with or without a slash in front.
    ///   - query: percent-encoded, without `?`; empty for none.
    public init(_ path: some StringProtocol, query: some StringProtocol) throws(InvocationError) {
        let cleaned = try Self.clean(path)
        guard query.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != 0x23 }) else {
            throw InvocationError(.invalidMethod, "the query has characters that do not belong there")
        }
        let rooted = cleaned.isEmpty ? "/" : cleaned
        target = query.isEmpty ? rooted : "\(rooted)?\(query)"
    }

    /// A path without a query.
    public init(_ path: some StringProtocol) throws(InvocationError) { try self.init(path, query: "") }

    /// Splits off the query of a whole request target.
    public init(target: some StringProtocol) throws(InvocationError) {
        if let mark = target.firstIndex(of: "?") {
            try self.init(target[..<mark], query: target[target.index(after: mark)...])
        } else {
            try self.init(target)
        }
    }

    public var path: Substring { target.prefix { $0 != "?" } }
    public var query: Substring { target.drop { $0 != "?" }.dropFirst() }

    /// The path with empty and dot segments resolved, a slash in front and none at the end; empty for the
    /// root. What a segment means is judged unescaped, since the app will unescape it.
    static func clean(_ path: some StringProtocol) throws(InvocationError) -> String {
        if let simple = alreadyClean(path) { return simple }
        var segments: [Substring] = []
        for segment in Substring(path).split(separator: "/", omittingEmptySubsequences: true) {
            guard let meaning = PercentCoding.bytes(of: segment) else {
                throw InvocationError(.invalidMethod, "the method path has a bad percent-escape")
            }
            // A blank is fine escaped only.
            guard meaning.allSatisfy(isAllowed), !segment.utf8.contains(0x20) else {
                throw InvocationError(.invalidMethod, "the method path has '#', '?', a blank or a control character in it")
            }
            switch meaning {
            case [0x2e]: continue
            case [0x2e, 0x2e]: _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        return segments.map { "/\($0)" }.joined()
    }

    /// The common case without allocation beyond the string itself: plain characters, no empty or dot segment.
    private static func alreadyClean(_ path: some StringProtocol) -> String? {
        guard path.utf8.first == 0x2f else { return nil }
        var previous: UInt8 = 0
        for byte in path.utf8 {
            switch byte {
            case 0x2f where previous == 0x2f: return nil
            case 0x2e where previous == 0x2f: return nil
            case 0x25, 0x23, 0x3f, 0...0x20, 0x7f...: return nil
            default: previous = byte
            }
        }
        return previous == 0x2f ? nil : String(path)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f && byte != 0x23 && byte != 0x3f }
}
