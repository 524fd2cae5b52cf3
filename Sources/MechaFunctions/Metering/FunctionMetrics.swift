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

        public init(function: String, revision: String, usage: FunctionUsage, instances: Int) {
            self.function = function
            self.revision = revision
            self.usage = usage
            self.instances = instances
        }
    }

    public static func registry(of base: FunctionBase) -> MetricRegistry? {
        let rows = base.functions.flatMap { function in
            let instances = function.instances
            return function.usage.revisions.map { revision, usage in
                Row(function: function.name, revision: String(revision), usage: usage, instances: instances[revision] ?? 0)
            }
        }
        return base.isHosting ? registry(of: rows) : nil
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
