import NIOCore
import Synchronization

/// A number that only grows.
public final class Counter: MetricSeries {
    @usableFromInline let cell = Atomic<UInt64>(0)

    public init() {}

    @inlinable
    public func increment(by amount: UInt64 = 1) {
        cell.wrappingAdd(amount, ordering: .relaxed)
    }

    public var value: UInt64 { cell.load(ordering: .relaxed) }

    public func writeSamples(name: String, labels: String, format: MetricsTextFormat, into buffer: inout ByteBuffer) {
        buffer.writeSample(name, labels: labels, value: String(value))
    }
}
