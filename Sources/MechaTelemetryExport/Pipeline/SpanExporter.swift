import MechaTelemetry

/// Sends batches of spans to one destination.
public protocol SpanExporter: Sendable {
    /// For logs and metrics: `otlp-grpc`, `otlp-http`, `zipkin`, `stdout`.
    var name: String { get }

    /// Sends one batch; returning means that the destination has taken it.
    func export(_ spans: [TraceSpan]) async throws(SpanExportError)
}
