import MechaTelemetry

/// `mecha_function_*`: what functions do, by function and revision. Made anew for each look, so that revisions that are
/// gone leave no series and nothing is kept between looks.
public enum FunctionMetrics {
    /// Series of one metric; what the least called revisions used is added up under `_overflow`.
    public static let seriesAtMost = 900

    /// Of one revision.
    public struct Row: Sendable, Equatable {
        public var function: String
        public var revision: String
        public var usage: FunctionUsage
        public var instances: Int
        /// What the guest keeps itself.
        public var guest: [GuestMetric] = []

        public init(function: String, revision: String, usage: FunctionUsage, instances: Int) {
            self.function = function
            self.revision = revision
            self.usage = usage
            self.instances = instances
        }
    }

    /// - Parameter filters: of the process's pipelines, which are no functions with a name to call.
    public static func registry(of base: FunctionBase, filters: [Row] = []) -> MetricRegistry? {
        let rows = base.functions.flatMap { function in
            let instances = function.instances
            let guests = function.guestMetrics
            return function.usage.revisions.map { revision, usage in
                var row = Row(function: function.name, revision: String(revision), usage: usage, instances: instances[revision] ?? 0)
                row.guest = guests[revision] ?? []
                return row
            }
        }
        return base.isHosting || !filters.isEmpty ? registry(of: rows + filters) : nil
    }

    /// Series of guests' own metrics, of all functions together; those beyond are left out.
    public static let guestSeriesAtMost = 2_000

    private static func addGuests(_ rows: [Row], to registry: MetricRegistry) {
        guard rows.contains(where: { !$0.guest.isEmpty }) else { return }
        let labels = ["function", "revision", "name"]
        let counter = registry.observedCounter(
            "mecha_function_guest_total", help: "Counters that guests keep.", labels: labels, unitsPerWhole: 1)
        let gauge = registry.gauge("mecha_function_guest_value", help: "Gauges that guests keep.", labels: labels)
        let count = registry.observedCounter(
            "mecha_function_guest_records_total", help: "How often guests recorded into their histograms.", labels: labels, unitsPerWhole: 1
        )
        let sum = registry.observedCounter(
            "mecha_function_guest_records_sum", help: "What guests recorded into their histograms, added up.", labels: labels,
            unitsPerWhole: 1)
        var left = guestSeriesAtMost
        for row in rows {
            for metric in row.guest {
                guard left > 0 else { return }
                left -= 1
                let names = [row.function, row.revision, metric.name]
                switch metric.kind {
                case .counter: counter.with(names).set(Int64(clamping: metric.value))
                case .gauge: gauge.with(names).set(Int64(bitPattern: metric.value))
                case .histogram:
                    count.with(names).set(Int64(clamping: metric.count))
                    sum.with(names).set(Int64(clamping: metric.value))
                }
            }
        }
    }

    package static func registry(of rows: [Row]) -> MetricRegistry {
        let registry = MetricRegistry()
        let labels = ["function", "revision"]
        func counter(_ name: String, _ help: String, unitsPerWhole: Int64 = 1) -> MetricFamily<Gauge> {
            registry.observedCounter("mecha_function_\(name)", help: help, labels: labels, unitsPerWhole: unitsPerWhole)
        }
        let calls = counter("calls_total", "Calls that the function has answered or failed.")
        let failures = counter("failures_total", "Calls that the function did not answer: traps, broken limits.")
        let cpu = counter("cpu_seconds_total", "Processor time of calls.", unitsPerWhole: 1_000_000_000)
        let fuel = counter("fuel_total", "Fuel of calls, where it is counted: about one for each instruction.")
        let memory = counter("memory_mib_seconds_total", "Memory times time in use.", unitsPerWhole: 1_000)
        let received = counter("request_bytes_total", "Bodies of requests.")
        let sent = counter("response_bytes_total", "Bodies of responses.")
        let peak = registry.gauge("mecha_function_memory_peak_bytes", help: "The most memory that one instance had.", labels: labels)
        let instances = registry.gauge("mecha_function_instances", help: "Instances that live now.", labels: labels)
        for row in bounded(rows) {
            let names = [row.function, row.revision]
            calls.with(names).set(Int64(clamping: row.usage.calls))
            failures.with(names).set(Int64(clamping: row.usage.failures))
            cpu.with(names).set(Int64(clamping: row.usage.cpuNanoseconds))
            if row.usage.fuel > 0 { fuel.with(names).set(Int64(clamping: row.usage.fuel)) }
            memory.with(names).set(Int64(clamping: row.usage.memoryMilliseconds))
            received.with(names).set(Int64(clamping: row.usage.requestBytes))
            sent.with(names).set(Int64(clamping: row.usage.responseBytes))
            peak.with(names).set(Int64(clamping: row.usage.peakMemoryBytes))
            instances.with(names).set(Int64(row.instances))
        }
        addGuests(rows, to: registry)
        return registry
    }

    private static func bounded(_ rows: [Row]) -> [Row] {
        guard rows.count > seriesAtMost else { return rows }
        let sorted = rows.sorted { ($0.usage.calls, $1.function) > ($1.usage.calls, $0.function) }
        var rest = Row(function: MetricLimits.overflowLabelValue, revision: MetricLimits.overflowLabelValue, usage: .init(), instances: 0)
        for row in sorted[seriesAtMost...] {
            rest.usage += row.usage
            rest.instances += row.instances
        }
        return sorted[..<seriesAtMost] + [rest]
    }
}
