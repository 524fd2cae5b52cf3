import Synchronization

/// `dapr_grpc_io_server_*` or `dapr_grpc_io_client_*`: calls answered or made by the runtime.
public final class GRPCMetrics: Sendable {
    enum Side: String {
        case server, client
    }

    /// Methods outside the list (proxied services) that get series of their own; further ones share one.
    public static let maximumUnlistedMethods = 500

    /// The series of one method, to be kept by who calls it often.
    public final class Method: Sendable {
        private final class Outcome: Sendable {
            let completed: Counter
            let latency: Histogram

            init(completed: Counter, latency: Histogram) {
                self.completed = completed
                self.latency = latency
            }
        }

        private let receivedBytes: Histogram
        private let sentBytes: Histogram
        private let outcomes = LazySlots<Outcome>(count: GRPCStatusName.all.count)
        private let name: String
        private let families: Families

        fileprivate init(_ name: String, _ families: Families) {
            self.name = name
            self.families = families
            receivedBytes = families.receivedBytes.with(name)
            sentBytes = families.sentBytes.with(name)
        }

        /// Records one ended call.
        ///
        /// - Parameters:
        ///   - status: gRPC status code, 0 for OK.
        ///   - nanoseconds: from the first byte of the request to the end of the response.
        public func record(status: Int, receivedBytes: Int, sentBytes: Int, nanoseconds: UInt64) {
            let index = GRPCStatusName.index(of: status)
            let outcome = outcomes.value(at: index) {
                let label = GRPCStatusName.all[index]
                return Outcome(completed: families.completed.with(name, label), latency: families.latency.with(name, label))
            }
            outcome.completed.increment()
            outcome.latency.record(nanoseconds)
            self.receivedBytes.record(UInt64(clamping: receivedBytes))
            self.sentBytes.record(UInt64(clamping: sentBytes))
        }
    }

    fileprivate struct Families: Sendable {
        let receivedBytes: MetricFamily<Histogram>
        let sentBytes: MetricFamily<Histogram>
        let latency: MetricFamily<Histogram>
        let completed: MetricFamily<Counter>
    }

    private let families: Families
    private let listed: LazySlots<Method>
    private let names: [String]
    private let unlisted = Mutex<[String: Method]>([:])

    init(_ registry: MetricRegistry, side: Side, methods: [String], options: MetricsOptions) {
        let prefix = "dapr_grpc_io_\(side.rawValue)_"
        let method = "grpc_\(side.rawValue)_method"
        let status = "grpc_\(side.rawValue)_status"
        families = Families(
            receivedBytes: registry.histogram(
                prefix + "received_bytes_per_rpc", help: "Message bytes received per call.", labels: [method], buckets: .size),
            sentBytes: registry.histogram(
                prefix + "sent_bytes_per_rpc", help: "Message bytes sent per call.", labels: [method], buckets: .size),
            latency: registry.histogram(
                prefix + (side == .server ? "server_latency" : "roundtrip_latency"),
                help: "Time from request to end of response in milliseconds.", labels: [method, status],
                buckets: options.latencyBuckets),
            completed: registry.counter(
                prefix + "completed_rpcs", help: "Calls ended.", labels: [method, status]))
        names = methods
        listed = LazySlots(count: methods.count)
    }

    /// The series of a method of the list that the metrics were made with.
    public func method(_ id: RouteID) -> Method {
        guard names.indices.contains(id.index) else { return method(named: "") }
        return listed.value(at: id.index) { Method(names[id.index], families) }
    }

    /// The series of any method by its full name, `/package.Service/Method`.
    public func method(named name: String) -> Method {
        unlisted.withLock { known in
            if let method = known[name] { return method }
            let isRoom = known.count < Self.maximumUnlistedMethods
            let label = isRoom ? name : MetricLimits.overflowLabelValue
            let method = known[label] ?? Method(label, families)
            known[label] = method
            return method
        }
    }
}
