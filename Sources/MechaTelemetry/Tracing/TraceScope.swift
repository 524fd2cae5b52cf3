/// What tracing decided for one request.
public struct TraceScope: Sendable {
    /// What is sent on; nil when nothing is known of a trace and none was begun.
    public let context: TraceContext?
    /// Whether `context` is just what came in, so that its headers can be passed on as they are.
    public let isPassedThrough: Bool
    /// The work to describe and to end; nil when the trace is not recorded.
    public var span: TraceSpan?
}
