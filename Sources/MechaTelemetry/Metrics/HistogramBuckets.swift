/// Upper bounds of a histogram's buckets and the unit in which values are recorded.
///
/// Values are whole numbers (nanoseconds, bytes), so that a sum is one atomic addition and never
/// loses precision; they are divided by `unitsPerWhole` when they are exposed.
public final class HistogramBuckets: @unchecked Sendable {
    /// Bounds in exposed units (milliseconds, bytes), ascending, inclusive.
    public let bounds: [Double]
    let unitsPerWhole: Double
    /// The bounds in recorded units. Written by `init` only, which makes sharing it safe; raw memory
    /// because the search runs for every request.
    private let recorded: UnsafeMutableBufferPointer<UInt64>
    /// The `le` labels, the last one for what is above all bounds; ready because a page has thousands of them.
    private let prometheusLabels: [String]
    private let openMetricsLabels: [String]

    /// Bounds that are not finite and positive are left out; the rest is sorted.
    public init(bounds: [Double], unitsPerWhole: UInt64) {
        let usable = Array(Set(bounds.filter { $0 > 0 && $0.isFinite })).sorted().prefix(Self.maximumBounds)
        self.bounds = Array(usable)
        self.unitsPerWhole = Double(unitsPerWhole)
        prometheusLabels = usable.map { "le=\"\(MetricsTextFormat.prometheus.bound($0))\"" } + ["le=\"+Inf\""]
        openMetricsLabels = usable.map { "le=\"\(MetricsTextFormat.openMetrics.bound($0))\"" } + ["le=\"+Inf\""]
        recorded = .allocate(capacity: usable.count)
        for (index, bound) in usable.enumerated() {
            let scaled = (bound * Double(unitsPerWhole)).rounded()
            recorded.initializeElement(at: index, to: scaled < 0x1p63 ? UInt64(scaled) : .max)
        }
    }

    deinit { recorded.deallocate() }

    /// More bounds than this are not taken from a configuration.
    public static let maximumBounds = 128

    var count: Int { recorded.count }

    func boundLabels(_ format: MetricsTextFormat) -> [String] {
        format == .openMetrics ? openMetricsLabels : prometheusLabels
    }

    /// The first bucket whose bound is not below `value`; `count` stands for the one without a bound.
    @inline(__always)
    func index(of value: UInt64) -> Int {
        var low = 0
        var length = recorded.count
        while length > 0 {
            let half = length >> 1
            if recorded[low + half] < value {
                low += half + 1
                length -= half + 1
            } else {
                length = half
            }
        }
        return low
    }

    /// Latencies, recorded in nanoseconds and exposed in milliseconds, with Dapr's default bounds
    /// (Dapr surface, section 6.1).
    public static let defaultLatency = latency(milliseconds: [
        1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 65, 80, 100, 130, 160, 200, 250, 300, 400, 500, 650, 800,
        1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000,
    ])

    /// Latencies with other bounds (`metrics.latencyDistributionBuckets` of a Configuration).
    public static func latency(milliseconds: [Double]) -> HistogramBuckets {
        HistogramBuckets(bounds: milliseconds, unitsPerWhole: 1_000_000)
    }

    /// Sizes in bytes from 1 KiB to 4 GiB.
    public static let size = HistogramBuckets(
        bounds: [10, 11, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32].map { Double(UInt64(1) << $0) }, unitsPerWhole: 1)
}
