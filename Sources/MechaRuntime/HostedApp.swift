import MechaCore
import MechaHost
import MechaManifest
import MechaTelemetryExport
import MechaWire
import Synchronization

/// One app of the process with its listeners: opened, loaded, reloaded, closed.
final class HostedApp: Sendable {
    let runtime: AppRuntime
    let ports: Runtime.AppPorts

    private struct Files {
        var report: ManifestReport
        var generation = 0
    }

    private let report: ManifestReport
    private let files: Mutex<Files>
    private let watcher: (watcher: ResourceWatcher, seen: ResourceWatcher.Look)
    private let spans: SpanPipeline?
    private let listeners: [HTTPListener]
    /// The watcher of resource files and the prober of the app.
    private let tasks = Mutex<[Task<Void, Never>]>([])
    /// The end, once it was asked for.
    private let closing = Mutex<Task<Void, Never>?>(nil)

    /// Takes over an app whose listeners are bound; health says "not ready" until ``begin(startedNanoseconds:)``.
    init(_ opening: AppOpening) {
        runtime = opening.runtime
        report = FunctionAppMaker.withoutFunctions(opening.files.visible(to: opening.runtime.options))
        files = Mutex(Files(report: opening.files))
        watcher = opening.watcher
        spans = opening.spans
        ports = opening.ports
        listeners = opening.listeners
    }

    /// Loads components and makes the app findable.
    func load() async throws {
        try await runtime.loadInitial(report)
        try await runtime.joinMesh(internalPort: ports.internalPort, httpPort: ports.httpPort, grpcPort: ports.grpcPort)
    }

    /// Says that calls may come, waits for the app, and begins to watch its files.
    func begin(startedNanoseconds: UInt64) {
        runtime.becomeOutboundReady()
        let elapsed = (runtime.host.clock.monotonicNanoseconds() - startedNanoseconds) / 1_000_000
        runtime.logger.info("dapr initialized. Status: Running. Init Elapsed \(elapsed)ms")
        if let health = runtime.app.health { keep(Task { await health.run() }) }
        keep(Task { [runtime] in await runtime.runDelivery() })
        watchResources()
    }

    private func watchResources() {
        let options = runtime.options
        guard options.isHotReloadEnabled, runtime.configuration.isEnabled(feature: "HotReload") else { return }
        let (watcher, seen) = watcher
        guard !watcher.paths().isEmpty else { return }
        keep(
            Task { [self] in
                await watcher.run(since: seen) {
                    let report = AppRuntime.readFiles(options, environment: runtime.host.environment)
                    await runtime.reload(FunctionAppMaker.withoutFunctions(report.visible(to: options)))
                    guard report.errors.isEmpty else { return }
                    files.withLock { $0 = Files(report: report, generation: $0.generation + 1) }
                }
            })
    }

    /// All that stood in the app's files the last time that they were in order.
    var lastFiles: ManifestReport { files.withLock { $0.report } }

    /// Counts how often that changed.
    var filesGeneration: Int { files.withLock { $0.generation } }

    /// Functions of the app's files.
    var declaredFunctions: [FunctionResource] {
        let report = lastFiles
        return report.errors.isEmpty ? report.visible(to: runtime.options).resources.functions : []
    }

    private func keep(_ task: Task<Void, Never>) { tasks.withLock { $0.append(task) } }

    /// Whether the end was asked for.
    var isClosing: Bool { closing.withLock { $0 != nil } }

    /// Leaves the mesh, lets requests under way finish (up to `limit`), then closes everything. Who comes
    /// second waits for the same end.
    func close(within limit: Duration) async {
        let task = closing.withLock { closing in
            if let closing { return closing }
            let task = Task { await end(within: limit) }
            closing = task
            return task
        }
        await task.value
    }

    private func end(within limit: Duration) async {
        await holdBack()
        runtime.beginDraining()
        // First, and while the API still answers: what is being delivered may need it.
        await runtime.stopDelivery(within: limit)
        await runtime.leaveMesh()
        await withTaskGroup(of: Void.self) { group in
            for listener in listeners { group.addTask { await listener.drain(within: limit) } }
        }
        for task in tasks.withLock({ $0 }) { task.cancel() }
        await runtime.closeComponents()
        await spans?.shutdown(within: .seconds(1))
    }

    /// `--dapr-block-shutdown-duration`: goes on as if nothing were, for that time or until the app says that it
    /// is unhealthy.
    private func holdBack() async {
        guard let duration = runtime.options.blockShutdown, duration > .zero else { return }
        runtime.logger.info("shutdown is held back for \(duration), or until the app is unhealthy")
        let clock = runtime.host.clock
        let end = clock.monotonicNanoseconds() + UInt64(duration.wholeNanoseconds)
        while clock.monotonicNanoseconds() < end, runtime.app.health?.isHealthy ?? true {
            try? await clock.sleep(for: Self.healthLookPause)
        }
    }

    private static let healthLookPause = Duration.milliseconds(50)
}
