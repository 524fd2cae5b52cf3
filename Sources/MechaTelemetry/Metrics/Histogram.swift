import NIOCore
import Synchronization

/// How often values fell into each bucket, and their sum.
public final class Histogram: MetricSeries, @unchecked Sendable {
    private let buckets: HistogramBuckets
    /// One counter per bucket, one for what is above all bounds, then the sum: one block of memory, so
    /// that a recording touches few cache lines. Only atomics are ever read or written through it.
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>

    public init(_ buckets: HistogramBuckets) {
        self.buckets = buckets
        cells = .allocate(capacity: buckets.count + 2)
        for index in 0..<buckets.count + 2 { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: buckets.count + 2)
        cells.deallocate()
    }

    /// Records one value in the unit of the buckets (nanoseconds for latencies, bytes for sizes).
    public func record(_ value: UInt64) {
        cells[buckets.index(of: value)].wrappingAdd(1, ordering: .relaxed)
        cells[buckets.count + 1].wrappingAdd(value, ordering: .relaxed)
    }

    /// How many values were recorded.
    public var count: UInt64 {
        (0...buckets.count).reduce(0) { $0 &+ cells[$1].load(ordering: .relaxed) }
    }

    /// The sum in recorded units.
    public var sum: UInt64 { cells[buckets.count + 1].load(ordering: .relaxed) }

    public func writeSamples(name: String, labels: String, format: MetricsTextFormat, into buffer: inout ByteBuffer) {
        var total: UInt64 = 0
        for (index, bound) in buckets.boundLabels(format).enumerated() {
            total &+= cells[index].load(ordering: .relaxed)
            buffer.writeSample(name, suffix: "_bucket", labels: labels, bound: bound, value: String(total))
        }
        buffer.writeSample(
            name, suffix: "_sum", labels: labels, value: MetricsText.number(Double(sum) / buckets.unitsPerWhole))
        buffer.writeSample(name, suffix: "_count", labels: labels, value: String(total))
    }
}
