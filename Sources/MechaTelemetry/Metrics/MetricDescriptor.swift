/// What is fixed about a metric family: its name, meaning and label names.
public struct MetricDescriptor: Sendable, Equatable {
    /// The name as exposed, for example `dapr_http_server_latency`.
    public let name: String
    /// One sentence for people.
    public let help: String
    public let kind: MetricKind
    /// Names of the labels that vary between series, in the order in which values are given.
    public let labels: [String]

    public init(name: String, help: String, kind: MetricKind, labels: [String]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
    }

    /// The exposed form of one of Dapr's OpenCensus names: `http/server/latency` becomes
    /// `dapr_http_server_latency` (Dapr surface, Appendix E).
    public static func daprName(_ name: String) -> String {
        "dapr_" + String(name.map { $0 == "/" || $0 == "." ? "_" : $0 })
    }
}
