/// An error that the server answered: an upper-case word and a text (`WRONGTYPE Operation against ...`).
///
/// The text may quote arguments (keys, values), so it must not get into messages or logs as it is;
/// ``description`` is safe.
public struct RedisServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The first word: `ERR`, `MOVED`, `NOSCRIPT`, ...
    public var kind: String
    /// What follows it.
    public var detail: String

    public init(_ line: String) {
        let kind = line.prefix { $0 != " " }
        self.kind = String(kind)
        detail = String(line.dropFirst(kind.count).drop { $0 == " " })
    }

    /// The error up to the first quotation, without what the server quotes.
    public var description: String {
        let safe = detail.prefix { $0 != "'" && $0 != "`" && $0 != "\"" && $0 != ":" && $0 != "," }.prefix(80)
        return safe.isEmpty ? kind : "\(kind) \(safe)"
    }
}
