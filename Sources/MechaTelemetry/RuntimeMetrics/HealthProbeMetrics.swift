/// `dapr_http_healthprobes_*` and `dapr_grpc_io_healthprobes_*`: the runtime's probes of its app.
public final class HealthProbeMetrics: Sendable {
    private let httpCompleted: MetricFamily<Counter>
    private let httpLatency: MetricFamily<Histogram>
    private let grpcCompleted: MetricFamily<Counter>
    private let grpcLatency: MetricFamily<Histogram>

    init(_ registry: MetricRegistry) {
        httpCompleted = registry.counter(
            "dapr_http_healthprobes_completed_count", help: "Health probes of an HTTP app.", labels: ["status"])
        httpLatency = registry.histogram(
            "dapr_http_healthprobes_roundtrip_latency", help: "Duration of health probes in milliseconds.",
            labels: ["status"], buckets: .defaultLatency)
        grpcCompleted = registry.counter(
            "dapr_grpc_io_healthprobes_completed_count", help: "Health probes of a gRPC app.", labels: ["grpc_client_status"])
        grpcLatency = registry.histogram(
            "dapr_grpc_io_healthprobes_roundtrip_latency", help: "Duration of health probes in milliseconds.",
            labels: ["grpc_client_status"], buckets: .defaultLatency)
    }

    /// - Parameter status: HTTP status code, 0 when there was no answer.
    public func recordHTTP(status: Int, nanoseconds: UInt64) {
        let label = HTTPStatusIndex.label(of: status)
        httpCompleted.with(label).increment()
        httpLatency.with(label).record(nanoseconds)
    }

    /// - Parameter status: gRPC status code.
    public func recordGRPC(status: Int, nanoseconds: UInt64) {
        let label = GRPCStatusName.all[GRPCStatusName.index(of: status)]
        grpcCompleted.with(label).increment()
        grpcLatency.with(label).record(nanoseconds)
    }
}
