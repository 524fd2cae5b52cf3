import MechaTelemetry
import Synchronization

/// The metrics that the process's listener shows: its own and those of the apps that it serves now.
final class MetricsOfApps: Sendable {
    private let process: MetricRegistry
    /// Of what belongs to no app: the client that apps share, the metrics listener.
    let wire: WireMetrics
    private let apps = Mutex<[HostedApp]>([])
    private let functions = Mutex<ProcessFunctions?>(nil)

    init(logs: RuntimeLogs) {
        process = MetricRegistry()
        wire = WireMetrics(process)
        ProcessMetrics.register(in: process)
        logs.observe(in: process)
    }

    func show(_ hosted: [HostedApp]) { apps.withLock { $0 = hosted } }

    func show(_ functions: ProcessFunctions?) { self.functions.withLock { $0 = functions } }

    var registries: [MetricRegistry] {
        [process] + apps.withLock { $0 }.filter { !$0.isClosing }.map(\.runtime.telemetry.metrics.registry)
            + (functions.withLock { $0 }?.registries ?? [])
    }
}
