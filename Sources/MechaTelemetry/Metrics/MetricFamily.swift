import NIOCore
import Synchronization

/// What the exposition needs of a family of any kind of series.
protocol AnyMetricFamily: AnyObject, Sendable {
    var descriptor: MetricDescriptor { get }
    /// How many distinct series exist, the overflow series not counted.
    var seriesCount: Int { get }
    func writeSamples(format: MetricsTextFormat, into buffer: inout ByteBuffer)
}

/// All series of one metric.
///
/// Resolve labels once with ``with(_:)`` and keep what it returns; that handle records without locks.
/// The number of series is limited: beyond the limit every new set of labels shares one overflow series
/// whose varying labels are all `_overflow`, so that no client can grow the process by inventing values.
public final class MetricFamily<Series: MetricSeries>: AnyMetricFamily {
    public let descriptor: MetricDescriptor
    private let constantLabels: String
    private let rules: LabelRules
    private let maximumSeries: Int
    private let refusals: MetricFamily<Counter>?
    private let make: @Sendable () -> Series
    private let table = Mutex(Table())

    private struct Table {
        var index: [[String]: Int] = [:]
        var entries: [(labels: String, series: Series)] = []
        var overflow: (labels: String, series: Series)?
    }

    init(
        _ descriptor: MetricDescriptor, constantLabels: String, rules: LabelRules, maximumSeries: Int,
        refusals: MetricFamily<Counter>?, make: @escaping @Sendable () -> Series
    ) {
        self.descriptor = descriptor
        self.constantLabels = constantLabels
        self.rules = rules
        self.maximumSeries = maximumSeries
        self.refusals = refusals
        self.make = make
    }

    /// The series of these label values, in the order of the descriptor's label names; missing values count
    /// as empty and surplus ones are ignored.
    public func with(_ values: String...) -> Series { with(values) }

    /// See ``with(_:)-(String...)``.
    public func with(_ values: [String]) -> Series {
        var key = rules.apply(to: values, of: descriptor).map(MetricLimits.clip)
        if key.count > descriptor.labels.count { key.removeLast(key.count - descriptor.labels.count) }
        while key.count < descriptor.labels.count { key.append("") }
        let (series, isRefused) = table.withLock { table in
            if let index = table.index[key] { return (table.entries[index].series, false) }
            guard table.entries.count < maximumSeries else { return (overflow(of: &table), true) }
            let entry = (labels: render(key), series: make())
            table.index[key] = table.entries.count
            table.entries.append(entry)
            return (entry.series, false)
        }
        if isRefused { refusals?.with(descriptor.name).increment() }
        return series
    }

    private func overflow(of table: inout Table) -> Series {
        if let overflow = table.overflow { return overflow.series }
        let values = [String](repeating: MetricLimits.overflowLabelValue, count: descriptor.labels.count)
        let entry = (labels: render(values), series: make())
        table.overflow = entry
        return entry.series
    }

    private func render(_ values: [String]) -> String {
        var text = constantLabels
        for (name, value) in zip(descriptor.labels, values) {
            if !text.isEmpty { text += "," }
            text += "\(name)=\"\(MetricsText.escapeLabel(value))\""
        }
        return text
    }

    var seriesCount: Int { table.withLock { $0.entries.count } }

    func writeSamples(format: MetricsTextFormat, into buffer: inout ByteBuffer) {
        let entries = table.withLock { table in
            table.overflow.map { table.entries + [$0] } ?? table.entries
        }
        for entry in entries {
            entry.series.writeSamples(name: descriptor.name, labels: entry.labels, format: format, into: &buffer)
        }
    }
}
