/// The bounds of what is accepted from a server.
public struct RESPLimits: Sendable, Equatable {
    /// One bulk string.
    public var bulkBytes = 64 << 20
    /// A line: a simple string, an error, a number.
    public var lineBytes = 64 << 10
    /// Values in one unit of replies, at all depths together.
    public var elements = 4 << 20
    /// Aggregates inside each other when a reply is read as a tree.
    public var nestingDepth = 32
    /// One unit of replies (all that answers one call), in bytes.
    public var replyBytes = 256 << 20

    public init() {}
}
