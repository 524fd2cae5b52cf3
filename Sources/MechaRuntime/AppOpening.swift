import DaprAPI
import Logging
import MechaCore
import MechaHost
import MechaInvocation
import MechaManifest
import MechaTelemetryExport
import MechaWire

/// An app on its way to a ``HostedApp``: its resources are read, its listeners are being bound.
///
/// Binding goes in two rounds over all apps of the process, ``bindNamed()`` and ``bindFree(avoiding:)``, so
/// that no free port is taken which another app names.
struct AppOpening {
    let runtime: AppRuntime
    /// All that stands in the app's files.
    let files: ManifestReport
    /// Looks at the files, and what it saw before they were read.
    let watcher: (watcher: ResourceWatcher, seen: ResourceWatcher.Look)
    let spans: SpanPipeline?
    private(set) var ports: Runtime.AppPorts
    private(set) var listeners: [HTTPListener] = []
    private var wanted: [Wanted]

    /// How often a free port is picked until one does.
    private static let maximumPicks = 64

    private struct Wanted {
        /// More than one share a port.
        var addresses: [ListenerOptions.Address]
        var service: any HTTPService
        var isHTTP2Enabled = true
        var port: WritableKeyPath<Runtime.AppPorts, Int?>
        /// For metrics.
        var name: String

        var isFree: Bool {
            if case .tcp(_, 0) = addresses.first { true } else { false }
        }
    }

    /// Reads the resources. Throws when telemetry cannot be set up as they say.
    init(_ options: AppOptions, host: Host, logs: RuntimeLogs) throws {
        let watcher = ResourceWatcher(paths: options.resourcesPaths + options.configPaths, clock: host.clock)
        self.watcher = (watcher, watcher.look())
        files = AppRuntime.readFiles(options, environment: host.environment)
        let configuration = files.visible(to: options).resources.configuration
        let appLogs = logs.of(options)
        let parts = try TelemetryParts(options, configuration, logs: appLogs, host: host)
        spans = parts.pipeline
        runtime = AppRuntime(
            options: options, configuration: configuration, telemetry: parts.telemetry,
            logger: appLogs.logger(scope: "dapr.runtime"), host: host)
        ports = Runtime.AppPorts(appID: options.appID)
        let service = DaprService(app: runtime)
        wanted = [
            Wanted(
                addresses: options.addresses(port: options.httpPort, kind: "http"), service: service,
                isHTTP2Enabled: options.isH2CEnabled, port: \.httpPort, name: "http"),
            Wanted(addresses: options.addresses(port: options.grpcPort, kind: "grpc"), service: service, port: \.grpcPort, name: "grpc"),
            Wanted(
                addresses: [.tcp(host: options.internalListenAddress, port: options.internalPort)],
                service: PeerService(apps: host.apps), port: \.internalPort, name: "internal"),
        ]
        if let port = options.publicPort {
            wanted.append(
                Wanted(
                    addresses: [.tcp(host: options.publicListenAddress, port: port)],
                    service: DaprHTTPService(app: runtime, isPublic: true), port: \.publicPort, name: "public"))
        }
    }

    /// Binds the ports and socket files that the options name.
    mutating func bindNamed() async throws {
        for wish in wanted where !wish.isFree {
            for address in wish.addresses {
                let listener = try await start(address, wish)
                listeners.append(listener)
                ports[keyPath: wish.port] = ports[keyPath: wish.port] ?? listener.port
            }
        }
    }

    /// Binds what may be on any port. `reserved` are those on which apps will listen that have not begun to.
    mutating func bindFree(avoiding reserved: Set<Int>) async throws {
        for wish in wanted where wish.isFree {
            guard let first = wish.addresses.first else { continue }
            let listener = try await pick(first, wish, avoiding: reserved)
            listeners.append(listener)
            ports[keyPath: wish.port] = listener.port
            for case .tcp(let host, _) in wish.addresses.dropFirst() {
                listeners.append(try await start(.tcp(host: host, port: listener.port ?? 0), wish))
            }
        }
    }

    /// Closes what was bound.
    func abandon() async {
        for listener in listeners { await listener.close() }
    }

    private func pick(_ address: ListenerOptions.Address, _ wish: Wanted, avoiding reserved: Set<Int>) async throws -> HTTPListener {
        // Held until one does, so that the same port does not come again.
        var refused: [HTTPListener] = []
        while true {
            let listener = try await start(address, wish)
            if let port = listener.port, reserved.contains(port), refused.count < Self.maximumPicks {
                refused.append(listener)
                continue
            }
            for listener in refused { await listener.close() }
            return listener
        }
    }

    private func start(_ address: ListenerOptions.Address, _ wish: Wanted) async throws -> HTTPListener {
        var options = ListenerOptions(address)
        options.isHTTP2Enabled = wish.isHTTP2Enabled
        options.limits.headerBytes = runtime.options.maximumHeaderBytes
        options.limits.bodyBytes = runtime.options.maximumBodyBytes
        return try await HTTPListener.start(
            options, loops: runtime.host.loops, service: wish.service,
            observer: WireMetricsObserver(runtime.telemetry.metrics.wire, listener: wish.name))
    }
}

extension AppOptions {
    /// Where an API listens: its socket file when sockets are asked for, else a port on each address.
    fileprivate func addresses(port: Int, kind: String) -> [ListenerOptions.Address] {
        if let folder = unixDomainSocketDirectory { return [.unix(path: "\(folder)/dapr-\(appID)-\(kind).socket")] }
        return listenAddresses.map { .tcp(host: $0, port: port) }
    }
}
