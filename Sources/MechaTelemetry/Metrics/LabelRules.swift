/// Rewriting of label values by regular expressions (`metrics.rules` of a Configuration), by which an
/// operator folds many values into few.
///
/// Rules run when labels are resolved to a series, not when values are recorded.
public struct LabelRules: Sendable {
    /// One rewriting: every match of `pattern` in the label's value becomes `replacement`.
    public struct Rewrite: Sendable, Equatable {
        /// The metric's name, with or without the `dapr_` prefix.
        public var metric: String
        public var label: String
        public var pattern: String
        public var replacement: String

        public init(metric: String, label: String, pattern: String, replacement: String) {
            self.metric = metric
            self.label = label
            self.pattern = pattern
            self.replacement = replacement
        }
    }

    /// A pattern that cannot be read.
    public struct InvalidPattern: Error, CustomStringConvertible {
        public var rewrite: Rewrite
        public var problem: String

        public var description: String {
            "metrics rule for \(rewrite.metric), label \(rewrite.label): "
                + "\"\(rewrite.pattern)\" is not a regular expression (\(problem))"
        }
    }

    /// `Regex` is an immutable value; the standard library just does not say so.
    private struct Compiled: @unchecked Sendable {
        let regex: Regex<AnyRegexOutput>
        let replacement: String
    }

    private var compiled: [String: [String: [Compiled]]] = [:]

    public static let none = LabelRules()

    private init() {}

    public init(_ rewrites: [Rewrite]) throws(InvalidPattern) {
        for rewrite in rewrites {
            do {
                let regex = try Regex(rewrite.pattern)
                compiled[Self.key(rewrite.metric), default: [:]][rewrite.label, default: []]
                    .append(Compiled(regex: regex, replacement: rewrite.replacement))
            } catch {
                throw InvalidPattern(rewrite: rewrite, problem: String(describing: error))
            }
        }
    }

    func apply(to values: [String], of descriptor: MetricDescriptor) -> [String] {
        guard !compiled.isEmpty, let rules = compiled[Self.key(descriptor.name)] else { return values }
        return zip(descriptor.labels, values).map { label, value in
            guard let rewrites = rules[label] else { return value }
            // Clipped first, so that matching cannot take long on a value that a client chose.
            return rewrites.reduce(MetricLimits.clip(value)) { $0.replacing($1.regex, with: $1.replacement) }
        }
    }

    private static func key(_ metric: String) -> String {
        let name = metric.replacing("/", with: "_").replacing(".", with: "_")
        return name.hasPrefix("dapr_") ? String(name.dropFirst(5)) : name
    }
}
