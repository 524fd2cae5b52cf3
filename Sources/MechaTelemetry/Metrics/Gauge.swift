import NIOCore
import Synchronization

/// A number that goes up and down, counted in whole units.
public final class Gauge: MetricSeries {
    @usableFromInline let cell = Atomic<Int64>(0)
    private let unitsPerWhole: Int64

    /// - Parameter unitsPerWhole: what is recorded is divided by this when it is exposed; 1,000 exposes
    ///   milliseconds as seconds.
    public init(unitsPerWhole: Int64 = 1) {
        self.unitsPerWhole = unitsPerWhole
    }

    @inlinable
    public func set(_ value: Int64) {
        cell.store(value, ordering: .relaxed)
    }

    @inlinable
    public func add(_ amount: Int64) {
        cell.wrappingAdd(amount, ordering: .relaxed)
    }

    @inlinable
    public func increment() { add(1) }

    @inlinable
    public func decrement() { add(-1) }

    /// In recorded units.
    public var value: Int64 { cell.load(ordering: .relaxed) }

    public func writeSamples(name: String, labels: String, format: MetricsTextFormat, into buffer: inout ByteBuffer) {
        let text = unitsPerWhole == 1 ? String(value) : MetricsText.number(Double(value) / Double(unitsPerWhole))
        buffer.writeSample(name, labels: labels, value: text)
    }
}
