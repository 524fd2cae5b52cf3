/// What the samples of a family mean (the `# TYPE` line of the text format).
public enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}
