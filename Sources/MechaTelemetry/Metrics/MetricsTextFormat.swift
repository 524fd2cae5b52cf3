/// The two text forms in which Prometheus reads metrics.
public enum MetricsTextFormat: Sendable {
    /// The classic exposition format, version 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// The form that a scraper asks for with its `Accept` header; the classic one when it does not say.
    public init(accept: String?) {
        self = accept?.contains("application/openmetrics-text") == true ? .openMetrics : .prometheus
    }

    /// Value of the answer's `Content-Type`.
    public var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// A bucket bound: OpenMetrics wants `1.0` where the classic format has `1`.
    func bound(_ value: Double) -> String {
        switch self {
        case .prometheus: MetricsText.number(value)
        case .openMetrics: value.description
        }
    }

    /// The word on the `# TYPE` line. OpenMetrics demands that a counter's samples end in `_total`; Dapr has
    /// counters that do not, and their names matter more than their type.
    func typeName(of descriptor: MetricDescriptor) -> String {
        self == .openMetrics && descriptor.kind == .counter && !descriptor.name.hasSuffix("_total")
            ? "unknown" : descriptor.kind.rawValue
    }

    /// The family name on `# TYPE` and `# HELP` lines.
    func familyName(of descriptor: MetricDescriptor) -> Substring {
        self == .openMetrics && descriptor.kind == .counter && descriptor.name.hasSuffix("_total")
            ? descriptor.name.dropLast("_total".count) : Substring(descriptor.name)
    }
}
