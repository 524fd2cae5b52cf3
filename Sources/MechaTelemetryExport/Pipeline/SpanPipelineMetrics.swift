import MechaTelemetry

/// `mecha_trace_*`: what became of ended spans.
struct SpanPipelineMetrics: Sendable {
    private let exportedSpans: MetricFamily<Counter>
    private let failedSpans: MetricFamily<Counter>

    init(_ registry: MetricRegistry, queue: SpanQueue) {
        exportedSpans = registry.counter(
            "mecha_trace_spans_exported_total", help: "Spans taken by a destination.", labels: ["exporter"])
        failedSpans = registry.counter(
            "mecha_trace_spans_failed_total", help: "Spans given up after failed attempts.", labels: ["exporter"])
        let dropped = registry.observedCounter(
            "mecha_trace_spans_dropped_total", help: "Spans dropped because the queue was full."
        ).with()
        registry.onCollect { [weak queue] in
            if let queue { dropped.set(Int64(clamping: queue.droppedSpans)) }
        }
    }

    func exported(_ count: Int, by exporter: String) { exportedSpans.with(exporter).increment(by: UInt64(count)) }

    func failed(_ count: Int, by exporter: String) { failedSpans.with(exporter).increment(by: UInt64(count)) }
}
