import DaprAPI
import Logging
import MechaCore
import MechaHost
import MechaManifest
import MechaWire
import Synchronization

/// One app of the process with its listeners: opened, loaded, reloaded, closed.
final class HostedApp: Sendable {
    let runtime: AppRuntime
    let ports: Runtime.AppPorts

    private let report: ManifestReport
    private let listeners: [HTTPListener]
    private let watcher = Mutex<Task<Void, Never>?>(nil)

    private init(runtime: AppRuntime, report: ManifestReport, ports: Runtime.AppPorts, listeners: [HTTPListener]) {
        self.runtime = runtime
        self.report = report
        self.ports = ports
        self.listeners = listeners
    }

    /// Reads the resources and binds every listener; health says "not ready" until ``load(startedNanoseconds:)``.
    static func open(_ options: AppOptions, host: Host) async throws -> HostedApp {
        let report = AppRuntime.readResources(options, environment: host.environment)
        let runtime = AppRuntime(options: options, configuration: report.resources.configuration, host: host)
        var listeners: [HTTPListener] = []
        func listen(_ addresses: [ListenerOptions.Address], _ service: any HTTPService) async throws -> Int? {
            var port: Int?
            for address in addresses {
                // A free port is picked once; the other addresses follow it.
                let address = if case .tcp(let host, 0) = address, let port { ListenerOptions.Address.tcp(host: host, port: port) } else { address }
                var listenerOptions = ListenerOptions(address)
                listenerOptions.isHTTP2Enabled = options.isH2CEnabled
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
            ports.httpPort = try await listen(options.addresses(port: options.httpPort, kind: "http"), service)
            ports.grpcPort = try await listen(options.addresses(port: options.grpcPort, kind: "grpc"), service)
            if let port = options.publicPort {
                ports.publicPort = try await listen(
                    [.tcp(host: options.publicListenAddress, port: port)], DaprHTTPService(app: runtime, isPublic: true))
            }
            return HostedApp(runtime: runtime, report: report, ports: ports, listeners: listeners)
        } catch {
            for listener in listeners { await listener.close() }
            throw error
        }
    }

    /// Loads components, makes the app findable and begins to watch its files.
    func load(startedNanoseconds: UInt64) async throws {
        try await runtime.loadInitial(report)
        runtime.becomeOutboundReady()
        let elapsed = (runtime.host.clock.monotonicNanoseconds() - startedNanoseconds) / 1_000_000
        runtime.logger.info("dapr initialized. Status: Running. Init Elapsed \(elapsed)ms")
        guard runtime.options.isHotReloadEnabled, runtime.configuration.isEnabled(feature: "HotReload") else { return }
        let resourceWatcher = ResourceWatcher(
            paths: runtime.options.resourcesPaths + runtime.options.configPaths, clock: runtime.host.clock)
        guard !resourceWatcher.paths.isEmpty else { return }
        let task = Task { [runtime] in
            await resourceWatcher.run {
                await runtime.reload(AppRuntime.readResources(runtime.options, environment: runtime.host.environment))
            }
        }
        watcher.withLock { $0 = task }
    }

    func close(within limit: Duration) async {
        watcher.withLock { $0 }?.cancel()
        runtime.beginDraining()
        await withTaskGroup(of: Void.self) { group in
            for listener in listeners { group.addTask { await listener.drain(within: limit) } }
        }
        await runtime.closeComponents()
    }
}

extension AppOptions {
    /// Where an API listens: its socket file when sockets are asked for, else a port on each address.
    fileprivate func addresses(port: Int, kind: String) -> [ListenerOptions.Address] {
        if let folder = unixDomainSocketDirectory { return [.unix(path: "\(folder)/dapr-\(appID)-\(kind).socket")] }
        return listenAddresses.map { .tcp(host: $0, port: port) }
    }
}
