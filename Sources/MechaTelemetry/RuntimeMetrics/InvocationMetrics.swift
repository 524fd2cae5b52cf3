/// `dapr_runtime_service_invocation_*`: calls between apps.
public final class InvocationMetrics: Sendable {
    /// Whether a call carries one message each way or streams.
    public enum CallType: Int, Sendable, CaseIterable {
        case unary, streaming

        var label: String { self == .unary ? "unary" : "streaming" }
    }

    /// The series for one other app; resolve it once per peer and keep it.
    public final class Peer: Sendable {
        private let appID: String
        private let metrics: InvocationMetrics
        private let requestsSent = LazySlots<Counter>(count: CallType.allCases.count)
        private let requestsReceived = LazySlots<Counter>(count: CallType.allCases.count)
        private let responsesSent = StatusSlots<Counter>()
        private let responsesReceived: [StatusSlots<Counter>] = CallType.allCases.map { _ in StatusSlots() }
        private let latency = StatusSlots<Histogram>()

        fileprivate init(_ appID: String, _ metrics: InvocationMetrics) {
            self.appID = appID
            self.metrics = metrics
        }

        /// This runtime sent a request to the peer.
        public func requestSent(_ type: CallType) {
            requestsSent.value(at: type.rawValue) { metrics.requestsSent.with(appID, type.label) }.increment()
        }

        /// This runtime received a request from the peer.
        public func requestReceived(_ type: CallType) {
            requestsReceived.value(at: type.rawValue) { metrics.requestsReceived.with(appID, type.label) }.increment()
        }

        /// This runtime answered the peer.
        public func responseSent(status: Int) {
            responsesSent.series(status) { metrics.responsesSent.with(appID, $0) }.increment()
        }

        /// The peer answered this runtime `nanoseconds` after the request began.
        public func responseReceived(_ type: CallType, status: Int, nanoseconds: UInt64) {
            responsesReceived[type.rawValue].series(status) { metrics.responsesReceived.with(appID, $0, type.label) }
                .increment()
            latency.series(status) { metrics.latency.with(appID, $0) }.record(nanoseconds)
        }
    }

    private let requestsSent: MetricFamily<Counter>
    private let requestsReceived: MetricFamily<Counter>
    private let responsesSent: MetricFamily<Counter>
    private let responsesReceived: MetricFamily<Counter>
    private let latency: MetricFamily<Histogram>

    init(_ registry: MetricRegistry, options: MetricsOptions) {
        let prefix = "dapr_runtime_service_invocation_"
        requestsSent = registry.counter(
            prefix + "req_sent_total", help: "Invocations sent to other apps.", labels: ["dst_app_id", "type"])
        requestsReceived = registry.counter(
            prefix + "req_recv_total", help: "Invocations received from other apps.", labels: ["src_app_id", "type"])
        responsesSent = registry.counter(
            prefix + "res_sent_total", help: "Answers sent to other apps.", labels: ["dst_app_id", "status"])
        responsesReceived = registry.counter(
            prefix + "res_recv_total", help: "Answers received from other apps.", labels: ["src_app_id", "status", "type"])
        latency = registry.histogram(
            prefix + "res_recv_latency_ms", help: "Time until the answer of another app in milliseconds.",
            labels: ["src_app_id", "status"], buckets: options.latencyBuckets)
    }

    public func peer(_ appID: String) -> Peer { Peer(appID, self) }
}
