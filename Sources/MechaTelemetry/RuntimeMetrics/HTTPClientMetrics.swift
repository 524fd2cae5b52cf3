/// `dapr_http_client_*`: requests that the runtime sent (to the app, to endpoints).
public final class HTTPClientMetrics: Sendable {
    private final class Series: Sendable {
        let completed: Counter
        let latency: Histogram
        let sentBytes: Histogram

        init(completed: Counter, latency: Histogram, sentBytes: Histogram) {
            self.completed = completed
            self.latency = latency
            self.sentBytes = sentBytes
        }
    }

    private let table: HTTPSeriesTable<Series>
    private let receivedBytes: Histogram

    init(_ registry: MetricRegistry, routes: [String], options: MetricsOptions) {
        let labels = ["method", "path", "status"]
        let completed = registry.counter(
            "dapr_http_client_completed_count", help: "HTTP requests sent and answered.", labels: labels)
        let latency = registry.histogram(
            "dapr_http_client_roundtrip_latency", help: "Time from request to end of response in milliseconds.",
            labels: labels, buckets: options.latencyBuckets)
        let sentBytes = registry.histogram(
            "dapr_http_client_sent_bytes", help: "Request body size in bytes.", labels: labels, buckets: .size)
        receivedBytes = registry.histogram(
            "dapr_http_client_received_bytes", help: "Response body size in bytes.", buckets: .size
        ).with()
        table = HTTPSeriesTable(routes: routes, options: options) { method, path, status in
            Series(
                completed: completed.with(method, path, status), latency: latency.with(method, path, status),
                sentBytes: sentBytes.with(method, path, status))
        }
    }

    /// Records one answered (or failed: status 0) request; parameters as for ``HTTPServerMetrics``.
    public func record(
        route: RouteID, path: @autoclosure () -> String, verb: HTTPVerb, status: Int, sentBytes: Int, receivedBytes: Int,
        nanoseconds: UInt64
    ) {
        let series = table.series(route, path: path, verb: verb, status: status)
        series.completed.increment()
        series.latency.record(nanoseconds)
        series.sentBytes.record(UInt64(clamping: sentBytes))
        self.receivedBytes.record(UInt64(clamping: receivedBytes))
    }
}
