/// `dapr_http_server_*`: requests that the runtime's own HTTP listeners answered.
public final class HTTPServerMetrics: Sendable {
    private final class Series: Sendable {
        let requests: Counter
        let responses: Counter
        let latency: Histogram

        init(requests: Counter, responses: Counter, latency: Histogram) {
            self.requests = requests
            self.responses = responses
            self.latency = latency
        }
    }

    private let table: HTTPSeriesTable<Series>
    private let requestBytes: Histogram
    private let responseBytes: Histogram

    init(_ registry: MetricRegistry, routes: [String], options: MetricsOptions) {
        let labels = ["method", "path", "status"]
        let requests = registry.counter(
            "dapr_http_server_request_count", help: "HTTP requests received.", labels: labels)
        let responses = registry.counter(
            "dapr_http_server_response_count", help: "HTTP responses sent.", labels: labels)
        let latency = registry.histogram(
            "dapr_http_server_latency", help: "Time from request to end of response in milliseconds.", labels: labels,
            buckets: options.latencyBuckets)
        requestBytes = registry.histogram(
            "dapr_http_server_request_bytes", help: "Request body size in bytes.", buckets: .size
        ).with()
        responseBytes = registry.histogram(
            "dapr_http_server_response_bytes", help: "Response body size in bytes.", buckets: .size
        ).with()
        table = HTTPSeriesTable(routes: routes, options: options) { method, path, status in
            Series(
                requests: requests.with(method, path, status), responses: responses.with(method, path, status),
                latency: latency.with(method, path, status))
        }
    }

    /// Records one answered request.
    ///
    /// - Parameters:
    ///   - route: from the list of templates that the metrics were made with, or `.unknown`.
    ///   - path: as sent; only made when the configuration asks for it.
    ///   - status: HTTP status code.
    ///   - nanoseconds: from the first byte of the request to the last of the response.
    public func record(
        route: RouteID, path: @autoclosure () -> String, verb: HTTPVerb, status: Int, requestBytes: Int, responseBytes: Int,
        nanoseconds: UInt64
    ) {
        let series = table.series(route, path: path, verb: verb, status: status)
        series.requests.increment()
        series.responses.increment()
        series.latency.record(nanoseconds)
        self.requestBytes.record(UInt64(clamping: requestBytes))
        self.responseBytes.record(UInt64(clamping: responseBytes))
    }
}
