/// Why a batch was not taken.
public struct SpanExportError: Error, Sendable, CustomStringConvertible {
    public var message: String
    /// Whether sending the same batch again may succeed.
    public var isTransient: Bool
    /// How long the destination asks to wait before that.
    public var retryAfter: Duration?

    public init(_ message: String, isTransient: Bool, retryAfter: Duration? = nil) {
        self.message = message
        self.isTransient = isTransient
        self.retryAfter = retryAfter
    }

    public var description: String { message }
}
