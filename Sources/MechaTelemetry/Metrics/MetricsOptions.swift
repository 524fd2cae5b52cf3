/// What `spec.metrics` of a Configuration decides (Dapr surface, section 4).
public struct MetricsOptions: Sendable {
    /// What the `path` label of HTTP metrics holds.
    public enum PathLabel: Sendable, Equatable {
        /// The route's template (`/v1.0/state/{storeName}/{key}`): the default, always few values.
        case routeTemplate
        /// The path as sent; every new path is a new series, up to the limit. Dapr's `increasedCardinality: true`.
        case path
        /// Only what ``MetricsOptions/pathPatterns`` match, else empty. Dapr's `increasedCardinality: false`.
        case matchedPattern

        /// The meaning of `http.increasedCardinality`, which may be absent.
        public init(increasedCardinality: Bool?) {
            self =
                switch increasedCardinality {
                case nil: .routeTemplate
                case true?: .path
                case false?: .matchedPattern
                }
        }
    }

    public var pathLabel: PathLabel = .routeTemplate
    /// `http.pathMatching`: patterns such as `/orders/{orderID}` that take precedence as path labels.
    public var pathPatterns: [String] = []
    /// `http.excludeVerbs`: leaves the `method` label of HTTP metrics empty.
    public var excludesVerbs = false
    /// `rules`: rewriting of label values.
    public var rules: LabelRules = .none
    /// `latencyDistributionBuckets` in milliseconds; nil for the defaults.
    public var latencyBucketsMilliseconds: [Double]?
    /// `recordErrorCodes`: counts Dapr error codes.
    public var recordsErrorCodes = false
    public var maximumSeriesPerFamily = MetricLimits.maximumSeriesPerFamily

    public init() {}

    var latencyBuckets: HistogramBuckets {
        latencyBucketsMilliseconds.map { .latency(milliseconds: $0) } ?? .defaultLatency
    }
}
