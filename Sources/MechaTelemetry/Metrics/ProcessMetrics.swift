/// The `process_*` metrics that Prometheus clients agree on, read from `/proc` at each exposition.
///
/// They belong in the registry of the process, not in one of an app.
public enum ProcessMetrics {
    /// Adds the families to `registry`; where there is no `/proc` they stay absent.
    public static func register(in registry: MetricRegistry) {
        guard let start = ProcessStatus.startSecondsSinceEpoch() else { return }
        let cpu = registry.observedCounter(
            "process_cpu_seconds_total", help: "User and system CPU time spent in seconds.", unitsPerWhole: 1_000_000
        ).with()
        let resident = registry.gauge("process_resident_memory_bytes", help: "Resident memory size in bytes.").with()
        let virtual = registry.gauge("process_virtual_memory_bytes", help: "Virtual memory size in bytes.").with()
        let threads = registry.gauge("process_threads", help: "Number of OS threads in the process.").with()
        let open = registry.gauge("process_open_fds", help: "Number of open file descriptors.").with()
        let limit = registry.gauge("process_max_fds", help: "Maximum number of open file descriptors.").with()
        registry.gauge(
            "process_start_time_seconds", help: "Start time of the process since the Unix epoch in seconds.",
            unitsPerWhole: 1_000
        ).with().set(Int64(start * 1_000))
        registry.onCollect {
            let status = ProcessStatus.read()
            cpu.set(status.cpuMicroseconds)
            resident.set(status.residentBytes)
            virtual.set(status.virtualBytes)
            threads.set(status.threads)
            open.set(status.openFileDescriptors)
            limit.set(status.maximumFileDescriptors)
        }
    }
}
