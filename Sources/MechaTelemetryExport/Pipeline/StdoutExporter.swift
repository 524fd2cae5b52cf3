import Logging
import MechaTelemetry

/// Writes each span as a log line (`tracing.stdout` of a Configuration).
public struct StdoutExporter: SpanExporter {
    public let name = "stdout"
    private let logger: Logger

    public init(logger: Logger) { self.logger = logger }

    public func export(_ spans: [TraceSpan]) async throws(SpanExportError) {
        for span in spans {
            var metadata: Logger.Metadata = [
                "trace_id": "\(span.context.traceID.hex)", "span_id": "\(span.context.spanID.hex)", "kind": "\(span.kind)",
                "duration_us": "\((span.endNanoseconds - span.startNanoseconds) / 1_000)",
                "attributes": .dictionary(
                    Dictionary(span.attributes.map { ($0.key, .string($0.value.text)) }, uniquingKeysWith: { $1 })),
            ]
            if let parent = span.parentSpanID { metadata["parent_span_id"] = "\(parent.hex)" }
            if case .error(let message) = span.status { metadata["error"] = "\(message)" }
            logger.info("span \(span.name)", metadata: metadata)
        }
    }
}
