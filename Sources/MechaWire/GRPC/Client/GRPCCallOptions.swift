import NIOCore

/// How one call of a ``GRPCClient`` is made.
public struct GRPCCallOptions: Sendable {
    /// Sent with the request.
    public var metadata: GRPCMetadata
    /// When to give up with DEADLINE_EXCEEDED; the server is told the time that is left. Nil waits for ever.
    public var deadline: NIODeadline?
    /// Whether request messages are compressed with gzip.
    public var isCompressed: Bool

    public init(metadata: GRPCMetadata = .init(), deadline: NIODeadline? = nil, isCompressed: Bool = false) {
        self.metadata = metadata
        self.deadline = deadline
        self.isCompressed = isCompressed
    }
}
