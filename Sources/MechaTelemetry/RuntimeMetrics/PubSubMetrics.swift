import Synchronization

/// `dapr_component_pubsub_*`: messages published to brokers (egress) and delivered to the app (ingress).
public final class PubSubMetrics: Sendable {
    public enum ProcessStatus: String, Sendable {
        case success, retry, drop
    }

    /// The series of one topic of one component; resolve it once and keep it.
    public final class Topic: Sendable {
        private let labels: [String]
        private let metrics: PubSubMetrics
        /// What nearly all messages end with, looked up with the first that does: others have no series before.
        private let confirmed = Lazy()
        private let processed = Lazy()

        private final class Series: Sendable {
            let count: Counter
            let latency: Histogram

            init(_ count: Counter, _ latency: Histogram) {
                self.count = count
                self.latency = latency
            }
        }

        private struct Lazy: ~Copyable, Sendable {
            private let series = AtomicLazyReference<Series>()

            func get(_ make: () -> Series) -> Series { series.load() ?? series.storeIfNil(make()) }
        }

        fileprivate init(_ component: String, _ topic: String, _ metrics: PubSubMetrics) {
            labels = [component, metrics.namespace, topic]
            self.metrics = metrics
        }

        public func published(success: Bool, nanoseconds: UInt64) {
            let series = success ? confirmed.get { egress("true") } : egress("false")
            series.count.increment()
            series.latency.record(nanoseconds)
        }

        private func egress(_ success: String) -> Series {
            let labels = labels + [success]
            return Series(metrics.egress.with(labels), metrics.egressLatency.with(labels))
        }

        public func bulkPublished(success: Bool, events: Int, nanoseconds: UInt64) {
            let labels = labels + [success ? "true" : "false"]
            metrics.bulkEgress.with(labels).increment()
            metrics.bulkEgressEvents.with(labels).increment(by: UInt64(events))
            metrics.bulkEgressLatency.with(labels).record(nanoseconds)
        }

        public func delivered(_ status: ProcessStatus, nanoseconds: UInt64) {
            let series = status == .success ? processed.get { ingress(status) } : ingress(status)
            series.count.increment()
            series.latency.record(nanoseconds)
        }

        private func ingress(_ status: ProcessStatus) -> Series {
            let labels = labels + [status.rawValue]
            return Series(metrics.ingress.with(labels), metrics.ingressLatency.with(labels))
        }

        public func bulkDelivered(success: Int, retry: Int, drop: Int, nanoseconds: UInt64) {
            for (status, events) in [(ProcessStatus.success, success), (.retry, retry), (.drop, drop)] where events > 0 {
                metrics.bulkIngressEvents.with(labels + [status.rawValue]).increment(by: UInt64(events))
            }
            let labels = labels + [retry + drop == 0 ? "success" : "retry"]
            metrics.bulkIngress.with(labels).increment()
            metrics.bulkIngressLatency.with(labels).record(nanoseconds)
        }
    }

    private let namespace: String
    private let egress: MetricFamily<Counter>
    private let egressLatency: MetricFamily<Histogram>
    private let bulkEgress: MetricFamily<Counter>
    private let bulkEgressEvents: MetricFamily<Counter>
    private let bulkEgressLatency: MetricFamily<Histogram>
    private let ingress: MetricFamily<Counter>
    private let ingressLatency: MetricFamily<Histogram>
    private let bulkIngress: MetricFamily<Counter>
    private let bulkIngressEvents: MetricFamily<Counter>
    private let bulkIngressLatency: MetricFamily<Histogram>

    init(_ registry: MetricRegistry, namespace: String, options: MetricsOptions) {
        self.namespace = namespace
        let out = ["component", "namespace", "topic", "success"]
        let into = ["component", "namespace", "topic", "process_status"]
        func counter(_ name: String, _ labels: [String], _ help: String) -> MetricFamily<Counter> {
            registry.counter("dapr_component_pubsub_\(name)", help: help, labels: labels)
        }
        func histogram(_ name: String, _ labels: [String], _ help: String) -> MetricFamily<Histogram> {
            registry.histogram(
                "dapr_component_pubsub_\(name)", help: "\(help) in milliseconds.", labels: labels, buckets: options.latencyBuckets)
        }
        egress = counter("egress_count", out, "Messages published.")
        egressLatency = histogram("egress_latencies", out, "Time to the broker's confirmation")
        bulkEgress = counter("egress_bulk_count", out, "Bulk publish calls.")
        bulkEgressEvents = counter("egress_bulk_event_count", out, "Messages published in bulk.")
        bulkEgressLatency = histogram("egress_bulk_latencies", out, "Time to the broker's confirmation of a bulk")
        ingress = counter("ingress_count", into, "Messages delivered to the app.")
        ingressLatency = histogram("ingress_latencies", into, "Time until the app had processed a message")
        bulkIngress = counter("ingress_bulk_count", into, "Bulk deliveries to the app.")
        bulkIngressEvents = counter("ingress_bulk_event_count", into, "Messages delivered to the app in bulk.")
        bulkIngressLatency = histogram("ingress_bulk_latencies", into, "Time until the app had processed a bulk")
    }

    /// Topics that are remembered; there are labels for no more anyway.
    private static let maximumTopics = 1_000

    private struct Key: Hashable {
        let component: String
        let topic: String
    }

    private let topics = Mutex<[Key: Topic]>([:])

    public func topic(_ topic: String, of component: String) -> Topic {
        topics.withLock { topics in
            let key = Key(component: component, topic: topic)
            if let known = topics[key] { return known }
            let made = Topic(component, topic, self)
            if topics.count < Self.maximumTopics { topics[key] = made }
            return made
        }
    }
}
