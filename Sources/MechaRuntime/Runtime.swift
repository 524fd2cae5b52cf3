import AdminAPI
import DaprAPI
import Logging
import MechaCore
import MechaFunctions
import MechaHost
import MechaTelemetry
import MechaWire
import NIOCore
import Synchronization

/// A running Mecha process: its apps, their listeners, and its end.
public final class Runtime: Sendable {
    private let host: Host
    private let hosted: [HostedApp]
    private let metricsListener: HTTPListener?
    private let logs: RuntimeLogs
    private let functions: ProcessFunctions?
    /// Requests by clients to end the process.
    public let shutdownRequests: AsyncStream<ShutdownRequest>
    private let requests: AsyncStream<ShutdownRequest>.Continuation

    /// Where an app's runtime really listens.
    public struct AppPorts: Sendable {
        public var appID: String
        public var httpPort: Int?
        public var grpcPort: Int?
        public var internalPort: Int?
        public var publicPort: Int?
        /// The process's metrics listener, the same for every app.
        public var metricsPort: Int?

        package init(
            appID: String, httpPort: Int? = nil, grpcPort: Int? = nil, internalPort: Int? = nil, publicPort: Int? = nil,
            metricsPort: Int? = nil
        ) {
            self.appID = appID
            self.httpPort = httpPort
            self.grpcPort = grpcPort
            self.internalPort = internalPort
            self.publicPort = publicPort
            self.metricsPort = metricsPort
        }
    }

    /// That a client asked through the API for an end of the runtime.
    public struct ShutdownRequest: Sendable {
        /// The app whose API was asked.
        public var appID: String
        /// To end at once with exit code 1 instead of draining.
        public var isForced: Bool
    }

    public var apps: [AppPorts] {
        hosted.map { app in
            var ports = app.ports
            ports.metricsPort = metricsListener?.port
            return ports
        }
    }

    /// Path of the socket at which the process's functions are changed; nil for none.
    public var adminSocket: String? { functions?.socketPath }
    /// Where functions answer requests; nil as long as there is none.
    public var functionsPort: Int? { functions?.port }

    private init(host: Host, hosted: [HostedApp], metricsListener: HTTPListener?, logs: RuntimeLogs, functions: ProcessFunctions?) {
        self.host = host
        self.hosted = hosted
        self.metricsListener = metricsListener
        self.logs = logs
        self.functions = functions
        (shutdownRequests, requests) = AsyncStream.makeStream()
    }

    /// Opens listeners, then loads components; health says "outbound ready" when they are up.
    /// Throws ``RuntimeStartError``; nothing is left open then.
    public static func start(_ options: RuntimeOptions) async throws -> Runtime {
        let started = SystemClock().monotonicNanoseconds()
        let environment = ProcessEnvironment.read()
        let logs = try RuntimeLogs(options)
        let loops = EventLoops(count: options.eventLoopCount ?? EventLoops.defaultCount)
        let metrics = MetricsOfApps(logs: logs)
        let client = HTTPClient(loops: loops, observer: WireMetricsObserver(metrics.wire, listener: nil))
        let wasm = WasmFunctionLoader(WasmFunctionOptions(cacheDirectory: "\(options.dataDirectory)/functions/cache"))
        let host = Host(
            loops: loops, client: client, catalog: .mecha(wasm: wasm, variables: environment), hostName: LogIdentity.hostName(),
            dataDirectory: options.dataDirectory, environment: environment
        ) { app, scope in logs.of(app).logger(scope: scope) }
        var openings: [AppOpening] = []
        var hosted: [HostedApp] = []
        var metricsListener: HTTPListener?
        var opened: ProcessFunctions?
        do {
            try DataDirectory.prepare(options.dataDirectory)
            for app in options.apps { openings.append(try AppOpening(app, host: host, logs: logs)) }
            // Ports that are named come first, so that none of them is picked as a free one before its turn.
            for index in openings.indices { try await openings[index].bindNamed() }
            if let port = options.metricsPort, port != 0 { metricsListener = try await openMetrics(options, port, metrics, host) }
            let reserved = Set(options.apps.compactMap(\.appPort))
            for index in openings.indices { try await openings[index].bindFree(avoiding: reserved) }
            if options.metricsPort == 0 { metricsListener = try await openMetrics(options, 0, metrics, host) }
            hosted = openings.map(HostedApp.init)
            metrics.show(hosted)
            let functions = try await ProcessFunctions(options, hosted: hosted, host: host, loader: wasm, logs: logs)
            opened = functions
            metrics.show(functions)
            let runtime = Runtime(host: host, hosted: hosted, metricsListener: metricsListener, logs: logs, functions: functions)
            for app in hosted {
                let appID = app.runtime.options.appID
                app.runtime.onShutdownRequest { [requests = runtime.requests] force in
                    requests.yield(ShutdownRequest(appID: appID, isForced: force))
                }
                try await app.load()
            }
            // Before anybody is told that the process is ready, which is to mean its functions too.
            await functions?.start()
            for app in hosted { app.begin(startedNanoseconds: started) }
            StartupPages.release()
            return runtime
        } catch {
            await opened?.close(within: .zero)
            for app in hosted { await app.close(within: .zero) }
            await opened?.end()
            for opening in openings { await opening.abandon() }
            await metricsListener?.close()
            await loops.shutdown()
            throw RuntimeStartError(error)
        }
    }

    private static func openMetrics(
        _ options: RuntimeOptions, _ port: Int, _ metrics: MetricsOfApps, _ host: Host
    ) async throws -> HTTPListener {
        try await HTTPListener.start(
            ListenerOptions(.tcp(host: options.metricsListenAddress, port: port)), loops: host.loops,
            service: MetricsService { metrics.registries }, observer: WireMetricsObserver(metrics.wire, listener: "metrics"))
    }

    /// Sets a label of the app's metadata (`cliPID`, `appPID`, `appCommand`, ...).
    public func setMetadata(_ key: String, _ value: String, app appID: String) {
        // A label of ours that the app's own labels left no room for is no reason to stop.
        try? hosted.first { $0.runtime.options.appID == appID }?.runtime.setMetadata(key, value)
    }

    /// Ends one app: refuses its new requests, lets those under way finish (up to its `gracefulShutdown`), then
    /// closes its listeners and the components that no other app uses. The others go on.
    public func close(app appID: String) async {
        guard let app = hosted.first(where: { $0.runtime.options.appID == appID }) else { return }
        await app.close(within: app.runtime.options.gracefulShutdown)
    }

    /// Refuses new requests, lets those under way finish (up to each app's `gracefulShutdown`), then closes everything.
    public func shutdown() async {
        requests.finish()
        // First, while the apps that functions may call are there.
        await functions?.close(within: hosted.map(\.runtime.options.gracefulShutdown).max() ?? .zero)
        await withTaskGroup(of: Void.self) { group in
            for app in hosted { group.addTask { await app.close(within: app.runtime.options.gracefulShutdown) } }
        }
        await functions?.end()
        await metricsListener?.close()
        await host.client.close()
        await host.loops.shutdown()
        logs.flush()
    }
}
