import AdminAPI
import Logging
import MechaCore
import MechaFunctions
import MechaHost
import MechaManifest
import MechaTelemetry
import MechaWire
import Synchronization

/// The functions of a process: those that were deployed into its data directory and those that its apps' files
/// declare, with the socket at which its owner's tools change them.
final class ProcessFunctions: Sendable {
    private let base: FunctionBase
    private let maker: FunctionAppMaker
    private let loader: WasmFunctionLoader
    private let logger: Logger
    private let admin: HTTPListener?
    /// Where the admin API answers.
    let socketPath: String?
    private let host: Host
    private let hosted: [HostedApp]
    private let watcher = Mutex<Task<Void, Never>?>(nil)
    private let problems = Mutex(DeclaredFunctionProblems())
    private let modules = Mutex<(generations: [Int], paths: [String])>(([], []))

    /// Nil for a process without apps, which has no resources either.
    init?(_ options: RuntimeOptions, hosted: [HostedApp], host: Host, loader: WasmFunctionLoader, logs: RuntimeLogs) async throws {
        guard let home = hosted.first else { return nil }
        self.host = host
        self.hosted = hosted
        let folder = "\(options.dataDirectory)/functions"
        logger = home.runtime.logger
        maker = FunctionAppMaker(home: home, host: host, logs: logs, port: options.functionsPort)
        self.loader = loader
        base = FunctionBase(
            folder: folder, loader: loader, hosting: maker, images: ImageRegistry(client: host.client, environment: host.environment),
            clock: host.clock, logger: logger)
        socketPath = options.adminSocket
        guard let path = options.adminSocket else {
            admin = nil
            return
        }
        var listener = ListenerOptions(.unix(path: path))
        listener.limits.bodyBytes = FunctionsAdminService.bodyBytesAtMost
        let service = FunctionsAdminService(base) { [maker] in
            maker.listenerPort.map { "http://\(options.functionsPort.urlHost):\($0)" }
        }
        admin = try await HTTPListener.start(listener, loops: host.loops, service: service)
    }

    /// Of functions, when there are any.
    var registries: [MetricRegistry] {
        (base.isHosting ? [maker.registry] : []) + [FunctionMetrics.registry(of: base, filters: loader.filterRows)].compactMap { $0 }
    }

    var port: Int? { maker.listenerPort }

    /// Hosts what was deployed and what is declared, and follows the files from now on.
    func start() async {
        await base.start()
        // Before anything is read, so that what changes meanwhile is seen.
        let watcher = ResourceWatcher(clock: host.clock) { [self] in isWatched ? watchedModules() : [] }
        let (seen, generations) = (watcher.look(), generations)
        if !declaredResources().isEmpty { await apply() }
        watch(watcher, since: seen, generations)
    }

    private func declaredResources() -> [(resource: FunctionResource, workingDirectory: String)] {
        hosted.flatMap { app in
            app.declaredFunctions.map { ($0, app.runtime.options.workingDirectory) }
        }
    }

    /// - Parameter names: of those that are tried again; nil brings all into line with their files.
    private func apply(_ names: Set<String>? = nil) async {
        let declared = declaredResources()
        let directory = declared.first?.workingDirectory ?? "."
        let resources = declared.map(\.resource)
        let found =
            if let names {
                await base.apply(names, of: resources, workingDirectory: directory)
            } else {
                await base.apply(resources, workingDirectory: directory)
            }
        let now = seconds
        for problem in problems.withLock({ $0.tried(names, found: found, at: now) }) { logger.error("\(problem)") }
        for name in names ?? [] where found[name] == nil { logger.info("the function \(name) runs now") }
    }

    private var seconds: Int { Int(host.clock.monotonicNanoseconds() / 1_000_000_000) }

    private var generations: [Int] { hosted.map(\.filesGeneration) }

    /// Has functions take over components and policies that changed, before those come that may be granted them.
    private func followFiles(since last: inout [Int]) async {
        let now = generations
        guard now != last else { return }
        last = now
        for function in base.functions {
            if let app = function.app { await maker.reload(app) }
        }
    }

    /// Whether changes of files are followed.
    private var isWatched: Bool {
        hosted.contains { app in
            app.runtime.options.isHotReloadEnabled && app.runtime.configuration.isEnabled(feature: "HotReload")
        }
    }

    /// Modules are watched here; the resource files are by each app, which tells when its functions changed.
    private func watch(_ watcher: ResourceWatcher, since seen: ResourceWatcher.Look, _ generations: [Int]) {
        // Nothing changes, and nothing is to be tried again.
        guard isWatched || problems.withLock({ !$0.isEmpty }) else { return }
        let task = Task.detached { [self] in
            var last = generations
            await watcher.run(since: seen) {
                await followFiles(since: &last)
                await apply()
            } idle: {
                // No module changed; a resource may have.
                if self.generations != last {
                    await followFiles(since: &last)
                    return await apply()
                }
                let now = seconds
                let due = problems.withLock { $0.isEmpty ? [] : $0.due(at: now) }
                if !due.isEmpty { await apply(due) }
            }
        }
        self.watcher.withLock { $0 = task }
    }

    /// Where the modules of declared functions are; found out anew only when a file has changed, since it is asked
    /// every second.
    private func watchedModules() -> [String] {
        let now = generations
        return modules.withLock { modules in
            if modules.generations != now {
                let declared = declaredResources()
                let directory = declared.first?.workingDirectory ?? "."
                modules = (now, FunctionBase.modulePaths(declared.map(\.resource), workingDirectory: directory))
            }
            return modules.paths
        }
    }

    /// Refuses what is new, lets calls end, runs every `destroy`.
    func close(within limit: Duration) async {
        watcher.withLock { $0 }?.cancel()
        await admin?.close()
        await maker.drain(within: limit)
        await base.close(within: limit)
    }

    /// Lets go of the engine, once nothing else needs it: filters of apps' pipelines run to the end. Guests that still run
    /// are stopped.
    func end() async { await loader.close() }
}

extension FunctionsPort {
    fileprivate var urlHost: String {
        switch address {
        case "0.0.0.0", "::", "localhost": "127.0.0.1"
        case let address where address.contains(":"): "[\(address)]"
        default: address
        }
    }
}
