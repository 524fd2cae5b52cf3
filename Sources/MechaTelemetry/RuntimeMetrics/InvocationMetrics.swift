import Synchronization

/// `dapr_runtime_service_invocation_*`: calls between apps.
public final class InvocationMetrics: Sendable {
    /// Other apps that get series of their own; further ones share one.
    public static let maximumPeers = 250

    /// Whether a call carries one message each way or streams.
    public enum CallType: Int, Sendable, CaseIterable {
        case unary, streaming

        var label: String { self == .unary ? "unary" : "streaming" }
    }

    /// The series for one other app.
    public final class Peer: Sendable {
        private let appID: String
        private let families: Families
        private let requestsSent = LazySlots<Counter>(count: CallType.allCases.count)
        private let requestsReceived = LazySlots<Counter>(count: CallType.allCases.count)
        private let responsesSent = StatusSlots<Counter>()
        private let responsesReceived: [StatusSlots<Counter>] = CallType.allCases.map { _ in StatusSlots() }
        private let latency = StatusSlots<Histogram>()

        fileprivate init(_ appID: String, _ families: Families) {
            self.appID = appID
            self.families = families
        }

        /// This runtime sent a request to the peer.
        public func requestSent(_ type: CallType) {
            requestsSent.value(at: type.rawValue) { families.requestsSent.with(appID, type.label) }.increment()
        }

        /// This runtime received a request from the peer.
        public func requestReceived(_ type: CallType) {
            requestsReceived.value(at: type.rawValue) { families.requestsReceived.with(appID, type.label) }.increment()
        }

        /// This runtime answered the peer.
        public func responseSent(status: Int) {
            responsesSent.series(status) { families.responsesSent.with(appID, $0) }.increment()
        }

        /// The peer answered this runtime `nanoseconds` after the request began.
        public func responseReceived(_ type: CallType, status: Int, nanoseconds: UInt64) {
            responsesReceived[type.rawValue].series(status) { families.responsesReceived.with(appID, $0, type.label) }
                .increment()
            latency.series(status) { families.latency.with(appID, $0) }.record(nanoseconds)
        }
    }

    fileprivate struct Families: Sendable {
        let requestsSent: MetricFamily<Counter>
        let requestsReceived: MetricFamily<Counter>
        let responsesSent: MetricFamily<Counter>
        let responsesReceived: MetricFamily<Counter>
        let latency: MetricFamily<Histogram>
    }

    private let families: Families
    private let peers = Mutex<[String: Peer]>([:])

    init(_ registry: MetricRegistry, options: MetricsOptions) {
        let prefix = "dapr_runtime_service_invocation_"
        families = Families(
            requestsSent: registry.counter(
                prefix + "req_sent_total", help: "Invocations sent to other apps.", labels: ["dst_app_id", "type"]),
            requestsReceived: registry.counter(
                prefix + "req_recv_total", help: "Invocations received from other apps.", labels: ["src_app_id", "type"]),
            responsesSent: registry.counter(
                prefix + "res_sent_total", help: "Answers sent to other apps.", labels: ["dst_app_id", "status"]),
            responsesReceived: registry.counter(
                prefix + "res_recv_total", help: "Answers received from other apps.", labels: ["src_app_id", "status", "type"]),
            latency: registry.histogram(
                prefix + "res_recv_latency_ms", help: "Time until the answer of another app in milliseconds.",
                labels: ["src_app_id", "status"], buckets: options.latencyBuckets))
    }

    /// The series for `appID`: a look-up under a short lock, unless the caller keeps the result.
    public func peer(_ appID: String) -> Peer {
        peers.withLock { peers in
            if let known = peers[appID] { return known }
            let label = peers.count < Self.maximumPeers ? appID : MetricLimits.overflowLabelValue
            let peer = peers[label] ?? Peer(label, families)
            peers[label] = peer
            return peer
        }
    }
}
