import MechaHost
import MechaWasm
import NIOPosix
import Synchronization

/// Runs functions as WebAssembly in this process.
///
/// Making one costs nothing: the engine's library is loaded with the first function. One serves all apps of a process.
public final class WasmFunctionLoader: FunctionLoader {
    private let options: WasmFunctionOptions
    private let engines: WasmEngines
    private let cache: WasmModuleCache
    private let slots: InstanceSlots
    private let filters = Mutex<[ObjectIdentifier: WasmFunction]>([:])

    public init(_ options: WasmFunctionOptions) {
        self.options = options
        engines = WasmEngines(options)
        cache = WasmModuleCache(folder: options.cacheDirectory)
        slots = InstanceSlots(limit: options.maximumInstances, waitingAtMost: options.maximumInstanceQueue)
    }

    public func load(
        _ revision: FunctionRevision, module bytes: [UInt8], runtime: AppRuntime
    ) async throws(FunctionError) -> any LoadedFunction {
        try await make(revision, module: bytes, runtime: runtime)
    }

    /// A module that requests of others pass (`middleware.http.wasm`).
    func loadFilter(
        _ revision: FunctionRevision, module bytes: [UInt8], runtime: AppRuntime
    ) async throws(FunctionError) -> WasmFunction {
        let filter = try await make(revision, module: bytes, runtime: runtime)
        filters.withLock { $0[ObjectIdentifier(filter)] = filter }
        return filter
    }

    func closeFilter(_ filter: WasmFunction) async {
        filters.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(filter)) }
        await filter.close()
    }

    /// What the filters of the process's pipelines have used, for metrics.
    public var filterRows: [FunctionMetrics.Row] {
        filters.withLock { Array($0.values) }.map { filter in
            var row = FunctionMetrics.Row(
                function: filter.revision.function, revision: "filter", usage: filter.usage, instances: filter.instances)
            row.guest = filter.guestMetrics
            return row
        }.sorted { $0.function < $1.function }
    }

    private func make(
        _ revision: FunctionRevision, module bytes: [UInt8], runtime: AppRuntime
    ) async throws(FunctionError) -> WasmFunction {
        guard revision.limits.memoryBytes <= options.maximumMemoryBytes else {
            throw FunctionError(
                .failed,
                "the limit of \(revision.limits.memoryBytes) bytes of memory is above the \(options.maximumMemoryBytes) of this process")
        }
        let context = try FunctionContext(revision: revision, runtime: runtime)
        let source = try await source(bytes, context: context)
        let function = WasmFunction(context, source: source, slots: slots)
        try await function.start()
        slots.add(function)
        return function
    }

    /// Compiles, and checks imports and exports, all away from the event loops.
    private func source(_ bytes: [UInt8], context: FunctionContext) async throws(FunctionError) -> any GuestSource {
        let (engines, cache) = (engines, cache)
        do {
            return try await NIOThreadPool.singleton.runIfActive { () throws -> any GuestSource in
                let revision = context.revision
                switch revision.abi {
                case .mecha: return try Self.module(bytes, MechaInterface.self, context, engines, cache)
                case .proxyWasm: return try Self.module(bytes, ProxyWasmInterface.self, context, engines, cache)
                case .httpWasm: return try Self.module(bytes, HTTPWasmInterface.self, context, engines, cache)
                case .component, .wasiHTTP:
                    let engine = try engines.entry(revision.limits, runsComponents: true).engine
                    let component = try cache.component(bytes, engine: engine) { context.logger.warning("\($0)") }
                    return try ComponentSource(component, for: revision)
                }
            }
        } catch let error as FunctionError {
            throw error
        } catch let error as WasmError {
            throw FunctionError(error, limits: context.limits)
        } catch {
            throw FunctionError(.closed, "the process ends: \(error)")
        }
    }

    private static func module(
        _ bytes: [UInt8], _ interface: any GuestInterface.Type, _ context: FunctionContext, _ engines: WasmEngines, _ cache: WasmModuleCache
    ) throws -> ModuleSource {
        let revision = context.revision
        let entry = try engines.entry(revision.limits)
        let module = try cache.module(bytes, engine: entry.engine) { context.logger.warning("\($0)") }
        try interface.check(module, for: revision)
        guard let linker = entry.linkers[revision.abi] else {
            throw WasmError(.unavailable, "functions of the ABI \(revision.abi.rawValue) are not run by this version")
        }
        return ModuleSource(template: try linker.template(module), interface: interface)
    }

    public func detect(_ module: [UInt8]) throws(FunctionError) -> FunctionABI {
        do throws(WasmError) {
            if try WasmBinary.kind(of: module) == .component {
                return module.contains("wasi:http/incoming-handler") ? .wasiHTTP : .component
            }
        } catch {
            throw FunctionError(error, limits: .init())
        }
        let exports = try WasmExportNames.read(module)
        if exports.contains(where: { $0.hasPrefix("proxy_abi_version_") || $0 == "proxy_on_context_create" }) { return .proxyWasm }
        if exports.contains("handle") { return .mecha }
        if exports.contains("handle_request") { return .httpWasm }
        throw FunctionError(
            .invalidModule,
            "the module speaks no ABI that is known: it exports none of `handle`, `handle_request` and `proxy_abi_version_*`")
    }

    /// Frees the engines. Functions are closed before.
    public func close() async { engines.removeAll() }
}

extension [UInt8] {
    fileprivate func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard let first = wanted.first, count >= wanted.count else { return false }
        return indices.dropLast(wanted.count - 1).contains { self[$0] == first && self[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
}
