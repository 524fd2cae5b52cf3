/// Where in which trace a request stands: what `traceparent` and `tracestate` carry
/// (W3C Trace Context, https://www.w3.org/TR/trace-context/).
public struct TraceContext: Sendable, Hashable {
    public var traceID: TraceID
    /// The span that sends; the parent of what the receiver does.
    public var spanID: SpanID
    /// Whether the sender records this trace.
    public var isSampled: Bool
    /// Whether the trace id was made randomly (level 2 of the recommendation).
    public var hasRandomTraceID: Bool
    /// What other tracing systems added; passed on as it is.
    public var state: TraceState?

    public init(
        traceID: TraceID, spanID: SpanID, isSampled: Bool, hasRandomTraceID: Bool = false, state: TraceState? = nil
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.hasRandomTraceID = hasRandomTraceID
        self.state = state
    }

    /// The flags byte; bits that the recommendation does not define are not passed on.
    public var flags: UInt8 { (isSampled ? 1 : 0) | (hasRandomTraceID ? 2 : 0) }
}
