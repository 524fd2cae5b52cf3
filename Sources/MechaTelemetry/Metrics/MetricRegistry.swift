import Synchronization

/// The metric families of one app (or of the process) under constant labels.
///
/// A process hosts many apps: each has a registry of its own, so one app can neither use up another's
/// series nor leave any behind when it goes. ``MetricsText`` renders several registries as one page.
public final class MetricRegistry: Sendable {
    private let constantLabels: String
    private let rules: LabelRules
    private let maximumSeriesPerFamily: Int
    private let refusals: MetricFamily<Counter>
    private let state: Mutex<State>

    private struct State {
        var families: [any AnyMetricFamily] = []
        var collectors: [@Sendable () -> Void] = []
    }

    /// - Parameters:
    ///   - constantLabels: put before the labels of every series, for example `app_id`.
    ///   - rules: rewriting of label values.
    ///   - maximumSeriesPerFamily: beyond it new label values share the overflow series.
    public init(
        constantLabels: [(name: String, value: String)] = [], rules: LabelRules = .none,
        maximumSeriesPerFamily: Int = MetricLimits.maximumSeriesPerFamily
    ) {
        self.constantLabels = constantLabels.map { "\($0.name)=\"\(MetricsText.escapeLabel($0.value))\"" }
            .joined(separator: ",")
        self.rules = rules
        self.maximumSeriesPerFamily = maximumSeriesPerFamily
        refusals = MetricFamily(
            MetricDescriptor(
                name: "mecha_metric_series_refused_total",
                help: "Look-ups of label values that got the overflow series because the family was full.",
                kind: .counter, labels: ["metric"]),
            constantLabels: self.constantLabels, rules: .none, maximumSeries: maximumSeriesPerFamily, refusals: nil
        ) { Counter() }
        state = Mutex(State(families: [refusals]))
    }

    public func counter(_ name: String, help: String, labels: [String] = []) -> MetricFamily<Counter> {
        family(MetricDescriptor(name: name, help: help, kind: .counter, labels: labels)) { Counter() }
    }

    /// - Parameter unitsPerWhole: see ``Gauge/init(unitsPerWhole:)``.
    public func gauge(
        _ name: String, help: String, labels: [String] = [], unitsPerWhole: Int64 = 1
    ) -> MetricFamily<Gauge> {
        family(MetricDescriptor(name: name, help: help, kind: .gauge, labels: labels)) {
            Gauge(unitsPerWhole: unitsPerWhole)
        }
    }

    /// A counter whose total is read elsewhere (the kernel, for example) and set by a collector.
    public func observedCounter(
        _ name: String, help: String, labels: [String] = [], unitsPerWhole: Int64 = 1
    ) -> MetricFamily<Gauge> {
        family(MetricDescriptor(name: name, help: help, kind: .counter, labels: labels)) {
            Gauge(unitsPerWhole: unitsPerWhole)
        }
    }

    public func histogram(
        _ name: String, help: String, labels: [String] = [], buckets: HistogramBuckets
    ) -> MetricFamily<Histogram> {
        family(MetricDescriptor(name: name, help: help, kind: .histogram, labels: labels)) { Histogram(buckets) }
    }

    /// Runs `update` before each exposition, to bring observed values up to date.
    public func onCollect(_ update: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(update) }
    }

    private func family<Series>(
        _ descriptor: MetricDescriptor, make: @escaping @Sendable () -> Series
    ) -> MetricFamily<Series> {
        state.withLock { state in
            let known = state.families.first { $0.descriptor.name == descriptor.name }
            if let same = known as? MetricFamily<Series>, same.descriptor == descriptor { return same }
            let family = MetricFamily(
                descriptor, constantLabels: constantLabels, rules: rules, maximumSeries: maximumSeriesPerFamily,
                refusals: refusals, make: make)
            // Two meanings under one name would make the page unreadable; the first one stays.
            assert(known == nil, "metric \(descriptor.name) is already described in another way")
            if known == nil { state.families.append(family) }
            return family
        }
    }

    /// The families, after the collectors have run.
    func collect() -> [any AnyMetricFamily] {
        for update in state.withLock({ $0.collectors }) { update() }
        return state.withLock { $0.families }
    }
}
