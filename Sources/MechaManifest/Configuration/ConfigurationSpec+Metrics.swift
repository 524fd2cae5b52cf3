extension ConfigurationSpec {
    /// What is measured (`metric` or `metrics`).
    public struct Metrics: Sendable, Equatable {
        public let isEnabled: Bool
        /// Whether error codes are counted.
        public let recordsErrorCodes: Bool
        /// Whether HTTP metrics carry paths as they were sent; false keeps only methods and statuses, nil leaves
        /// it to the runtime.
        public let hasIncreasedCardinality: Bool?
        /// Path templates under which HTTP paths are counted.
        public let pathMatching: [String]
        /// Whether HTTP metrics leave out the method.
        public let excludesVerbs: Bool
        public let rules: [Rule]
        /// Upper bounds in milliseconds; empty for the default ones.
        public let latencyBuckets: [Int]
        public let workflowLatencyBuckets: [Int]
        /// The unit of ``workflowLatencyBuckets``; nil for the default one.
        public let workflowLatencyUnit: String?

        /// Rewrites label values of one metric.
        public struct Rule: Sendable, Equatable {
            public let name: String
            public let labels: [Label]
        }

        public struct Label: Sendable, Equatable {
            public let name: String
            /// From replacement to the pattern that it stands for.
            public let patterns: [String: String]
        }
    }
}

extension ConfigurationSpec.Metrics {
    init(_ fields: FieldReader) {
        isEnabled = fields.bool("enabled", default: true)
        recordsErrorCodes = fields.bool("recordErrorCodes", default: false)
        let http = fields.section("http") { http in
            (
                cardinality: http.bool("increasedCardinality"),
                paths: http.strings("pathMatching"), excludesVerbs: http.bool("excludeVerbs", default: false)
            )
        }
        hasIncreasedCardinality = http.cardinality
        pathMatching = http.paths
        excludesVerbs = http.excludesVerbs
        rules = fields.list("rules") { rule in
            Rule(
                name: rule.required("name", expected: "a metric's name"),
                labels: rule.list("labels") { label in
                    Label(name: label.required("name", expected: "a label's name"), patterns: label.stringMap("regex"))
                })
        }
        latencyBuckets = fields.buckets("latencyDistributionBuckets")
        let workflow = fields.section("workflow") { workflow in
            (buckets: workflow.buckets("latencyDistributionBuckets"), unit: workflow.string("latencyDistributionUnits"))
        }
        workflowLatencyBuckets = workflow.buckets
        workflowLatencyUnit = workflow.unit
    }
}

extension FieldReader {
    fileprivate func buckets(_ name: String) -> [Int] {
        let bounds = integers(name)
        if zip(bounds, bounds.dropFirst()).contains(where: { $0 >= $1 }) || (bounds.first ?? 0) < 0 {
            error(name, "are not in order", expected: "growing numbers, none negative")
        }
        return bounds
    }
}
