/// One piece of recorded work. It exists only for sampled traces; give it to ``Tracer/end(_:)`` when done.
public struct TraceSpan: Sendable {
    public enum Kind: Sendable {
        case `internal`, server, client, producer, consumer
    }

    public enum Status: Sendable, Equatable {
        case unset, ok
        /// The text is for people and carries no payload, key or token.
        case error(String)
    }

    /// The span's own place: what it sends on as parent.
    public let context: TraceContext
    /// Nil for the first span of a trace.
    public let parentSpanID: SpanID?
    public let kind: Kind
    /// Nanoseconds since 1970.
    public let startNanoseconds: Int64
    /// Nanoseconds since 1970; set by ``Tracer/end(_:)`` unless it is set before.
    public var endNanoseconds: Int64 = 0
    /// For example `/v1.0/state/statestore` or `CallLocal/orders/new` (Dapr surface, section 6.2).
    public var name = ""
    public var status = Status.unset
    public var attributes: [SpanAttribute] = []

    public init(context: TraceContext, parentSpanID: SpanID?, kind: Kind, startNanoseconds: Int64) {
        self.context = context
        self.parentSpanID = parentSpanID
        self.kind = kind
        self.startNanoseconds = startNanoseconds
    }
}
