import MechaTelemetry

/// Limits of the way from ended spans to their destinations.
public struct SpanPipelineLimits: Sendable {
    /// Spans that wait; further ones are dropped and counted.
    public var maximumQueuedSpans = SpanQueue.defaultMaximumSpans
    /// Spans sent in one request.
    public var maximumBatchSpans = 512
    /// A batch that is not full is sent after this time.
    public var batchInterval = Duration.seconds(1)
    /// Attempts for one batch; then it is dropped and counted.
    public var maximumAttempts = 5
    /// Wait before the second attempt; doubled for each further one.
    public var initialBackoff = Duration.milliseconds(500)
    /// No wait is longer, whatever the destination asks for.
    public var maximumBackoff = Duration.seconds(10)

    public init() {}

    /// How long to wait after failed attempt number `attempt` (1 for the first).
    func backoff(after attempt: Int, _ error: SpanExportError) -> Duration {
        let doubled = initialBackoff * (1 << min(attempt - 1, 16))
        return min(maximumBackoff, max(doubled, error.retryAfter ?? .zero))
    }
}
