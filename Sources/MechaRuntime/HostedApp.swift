import DaprAPI
import Logging
import MechaCore
import MechaHost
import MechaInvocation
import MechaManifest
import MechaTelemetryExport
import MechaWire
import Synchronization

/// One app of the process with its listeners: opened, loaded, reloaded, closed.
final class HostedApp: Sendable {
    let runtime: AppRuntime
    let ports: Runtime.AppPorts

    private let report: ManifestReport
    private let spans: SpanPipeline?
    private let listeners: [HTTPListener]
    /// The watcher of resource files and the prober of the app.
    private let tasks = Mutex<[Task<Void, Never>]>([])

    private init(
        runtime: AppRuntime, report: ManifestReport, spans: SpanPipeline?, ports: Runtime.AppPorts, listeners: [HTTPListener]
    ) {
        self.runtime = runtime
        self.report = report
        self.spans = spans
        self.ports = ports
        self.listeners = listeners
    }

    /// Reads the resources and binds every listener; health says "not ready" until ``load(startedNanoseconds:)``.
    static func open(_ options: AppOptions, host: Host, logs: RuntimeLogs) async throws -> HostedApp {
        let report = AppRuntime.readResources(options, environment: host.environment)
        let appLogs = logs.of(options)
        let parts = try TelemetryParts(options, report.resources.configuration, logs: appLogs, host: host)
        let runtime = AppRuntime(
            options: options, configuration: report.resources.configuration, telemetry: parts.telemetry,
            logger: appLogs.logger(scope: "dapr.runtime"), host: host)
        var listeners: [HTTPListener] = []
        func listen(
            _ addresses: [ListenerOptions.Address], _ service: any HTTPService, isHTTP2Enabled: Bool = true
        ) async throws -> Int? {
            var port: Int?
            for address in addresses {
                // A free port is picked once; the other addresses follow it.
                let address =
                    if case .tcp(let host, 0) = address, let port { ListenerOptions.Address.tcp(host: host, port: port) } else { address }
                var listenerOptions = ListenerOptions(address)
                listenerOptions.isHTTP2Enabled = isHTTP2Enabled
                listenerOptions.limits.headerBytes = options.maximumHeaderBytes
                listenerOptions.limits.bodyBytes = options.maximumBodyBytes
                let listener = try await HTTPListener.start(listenerOptions, loops: host.loops, service: service)
                listeners.append(listener)
                port = port ?? listener.port
            }
            return port
        }
        do {
            var ports = Runtime.AppPorts(appID: options.appID)
            let service = DaprService(app: runtime)
            ports.httpPort = try await listen(
                options.addresses(port: options.httpPort, kind: "http"), service, isHTTP2Enabled: options.isH2CEnabled)
            ports.grpcPort = try await listen(options.addresses(port: options.grpcPort, kind: "grpc"), service)
            ports.internalPort = try await listen(
                [.tcp(host: options.internalListenAddress, port: options.internalPort)], PeerService(apps: host.apps))
            if let port = options.publicPort {
                ports.publicPort = try await listen(
                    [.tcp(host: options.publicListenAddress, port: port)], DaprHTTPService(app: runtime, isPublic: true))
            }
            return HostedApp(runtime: runtime, report: report, spans: parts.pipeline, ports: ports, listeners: listeners)
        } catch {
            for listener in listeners { await listener.close() }
            throw error
        }
    }

    /// Loads components, makes the app findable and begins to watch its files.
    func load(startedNanoseconds: UInt64) async throws {
        try await runtime.loadInitial(report)
        try await runtime.joinMesh(internalPort: ports.internalPort, httpPort: ports.httpPort, grpcPort: ports.grpcPort)
        runtime.becomeOutboundReady()
        let elapsed = (runtime.host.clock.monotonicNanoseconds() - startedNanoseconds) / 1_000_000
        runtime.logger.info("dapr initialized. Status: Running. Init Elapsed \(elapsed)ms")
        if let health = runtime.app.health { keep(Task { await health.run() }) }
        watchResources()
    }

    private func watchResources() {
        let options = runtime.options
        guard options.isHotReloadEnabled, runtime.configuration.isEnabled(feature: "HotReload") else { return }
        let watcher = ResourceWatcher(paths: options.resourcesPaths + options.configPaths, clock: runtime.host.clock)
        guard !watcher.paths.isEmpty else { return }
        keep(
            Task { [runtime] in
                await watcher.run {
                    await runtime.reload(AppRuntime.readResources(options, environment: runtime.host.environment))
                }
            })
    }

    private func keep(_ task: Task<Void, Never>) { tasks.withLock { $0.append(task) } }

    /// Leaves the mesh, lets requests under way finish (up to `limit`), then closes everything.
    func close(within limit: Duration) async {
        runtime.beginDraining()
        await runtime.leaveMesh()
        await withTaskGroup(of: Void.self) { group in
            for listener in listeners { group.addTask { await listener.drain(within: limit) } }
        }
        for task in tasks.withLock({ $0 }) { task.cancel() }
        await runtime.closeComponents()
        await spans?.shutdown(within: .seconds(1))
    }
}

extension AppOptions {
    /// Where an API listens: its socket file when sockets are asked for, else a port on each address.
    fileprivate func addresses(port: Int, kind: String) -> [ListenerOptions.Address] {
        if let folder = unixDomainSocketDirectory { return [.unix(path: "\(folder)/dapr-\(appID)-\(kind).socket")] }
        return listenAddresses.map { .tcp(host: $0, port: port) }
    }
}
