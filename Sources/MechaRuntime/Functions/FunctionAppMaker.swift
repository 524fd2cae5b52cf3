import Logging
import MechaCore
import MechaFunctions
import MechaHost
import MechaInvocation
import MechaManifest
import MechaTelemetry
import MechaWire
import Synchronization

/// Makes apps of functions within a process, with the resources and settings of the process's first app, and opens the
/// listener that functions answer on with the first of them.
final class FunctionAppMaker: FunctionHosting {
    private let home: HostedApp
    private let host: Host
    private let logs: RuntimeLogs
    private let port: FunctionsPort
    private let made = Mutex<AppTelemetry?>(nil)
    private let opening = Mutex<Task<HTTPListener, any Error>?>(nil)

    /// - Parameter home: the app whose resources functions see, and whose internal port peers call them at.
    init(home: HostedApp, host: Host, logs: RuntimeLogs, port: FunctionsPort) {
        self.home = home
        self.host = host
        self.logs = logs
        self.port = port
    }

    /// Functions share one set of series: per function there are those of FunctionMetrics, which are bounded however
    /// many functions there are. Made with the first.
    private var telemetry: AppTelemetry {
        made.withLock { made in
            if let made { return made }
            let telemetry = AppTelemetry(
                metrics: RuntimeMetrics(appID: "functions", namespace: home.runtime.options.namespace),
                tracer: home.runtime.telemetry.tracer,
                apiLog: home.runtime.telemetry.apiLog, clock: host.clock)
            made = telemetry
            return telemetry
        }
    }

    /// The series that functions share.
    var registry: MetricRegistry { telemetry.metrics.registry }

    func prepare(_ base: FunctionBase) async throws {
        let task = opening.withLock { opening in
            if let opening { return opening }
            let task = Task { try await open(FunctionsService(base)) }
            opening = task
            return task
        }
        do {
            _ = try await task.value
        } catch {
            // The next function may find the port free.
            opening.withLock { $0 = nil }
            throw FunctionBaseError(.unavailable, "functions cannot be served: \(error)")
        }
    }

    private func open(_ service: FunctionsService) async throws -> HTTPListener {
        let observer = WireMetricsObserver(telemetry.metrics.wire, listener: "functions")
        func start(_ port: Int) async throws -> HTTPListener {
            var options = ListenerOptions(.tcp(host: self.port.address, port: port))
            options.limits.headerBytes = max(home.runtime.options.maximumHeaderBytes, Self.headerBytesAtLeast)
            return try await HTTPListener.start(options, loops: host.loops, service: service, observer: observer)
        }
        let listener: HTTPListener
        do {
            listener = try await start(port.number)
        } catch let error as WireError where error.code == .bindFailed && !port.isNamed && port.number != 0 {
            home.runtime.logger.warning("\(error.message); functions are served on a free port instead")
            listener = try await start(0)
        }
        home.runtime.logger.info("functions are served on \(self.port.address):\(listener.port ?? 0)")
        listening.withLock { $0 = listener }
        return listener
    }

    /// Browsers send cookies.
    private static let headerBytesAtLeast = 16 << 10

    private let listening = Mutex<HTTPListener?>(nil)

    /// Nil as long as there is no function.
    var listenerPort: Int? { listening.withLock { $0?.port } }

    func drain(within limit: Duration) async { await listening.withLock { $0 }?.drain(within: limit) }

    func open(_ name: String, channel: any AppChannel, triggers: AppTriggers, log: FunctionLog) async throws -> any FunctionApp {
        let parent = home.runtime.options
        guard host.apps[AppAddress(appID: name, namespace: parent.namespace)] == nil else {
            throw FunctionBaseError(.conflict, "an app of this process is called \(name)")
        }
        var options = AppOptions(appID: name)
        options.namespace = parent.namespace
        options.resourcesPaths = parent.resourcesPaths
        options.configPaths = parent.configPaths
        options.workingDirectory = parent.workingDirectory
        options.internalListenAddress = parent.internalListenAddress
        options.gracefulShutdown = parent.gracefulShutdown
        let report = report(for: options)
        let logger = Logger(label: name) { [logs, host] _ in
            FunctionLogHandler(logs.ofFunction(name).logger(scope: "mecha.function"), log: log, clock: host.clock)
        }
        let runtime = AppRuntime(
            options: options, configuration: report.resources.configuration, telemetry: telemetry, logger: logger, host: host,
            channel: channel, triggers: triggers)
        try await runtime.loadInitial(report)
        return HostedFunction(runtime, internalPort: home.ports.internalPort)
    }

    /// Has a function take over what changed in the files.
    func reload(_ function: any FunctionApp) async { await function.runtime.reload(report(for: function.runtime.options)) }

    /// What the files have for a function. They are not read for each: there may be a thousand.
    private func report(for options: AppOptions) -> ManifestReport {
        var report = Self.withoutFunctions(home.lastFiles.visible(to: options))
        // The apps of the files have been told.
        report.warnings = []
        return report
    }

    /// What an app takes from its files itself.
    static func withoutFunctions(_ report: ManifestReport) -> ManifestReport {
        var report = report
        report.resources.functions = []
        return report
    }
}
