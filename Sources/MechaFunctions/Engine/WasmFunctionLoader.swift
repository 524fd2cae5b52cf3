import MechaHost
import MechaWasm
import NIOPosix

/// Runs functions as WebAssembly in this process.
///
/// Making one costs nothing: the engine's library is loaded with the first function. One serves all apps of a process.
public final class WasmFunctionLoader: FunctionLoader {
    private let options: WasmFunctionOptions
    private let engines: WasmEngines
    private let cache: WasmModuleCache
    private let slots: InstanceSlots

    public init(_ options: WasmFunctionOptions) {
        self.options = options
        engines = WasmEngines(options)
        cache = WasmModuleCache(folder: options.cacheDirectory)
        slots = InstanceSlots(limit: options.maximumInstances, waitingAtMost: options.maximumInstanceQueue)
    }

    public func load(
        _ revision: FunctionRevision, module bytes: [UInt8], runtime: AppRuntime
    ) async throws(FunctionError) -> any LoadedFunction {
        let interface = try interface(of: revision.abi)
        guard revision.limits.memoryBytes <= options.maximumMemoryBytes else {
            throw FunctionError(
                .failed,
                "the limit of \(revision.limits.memoryBytes) bytes of memory is above the \(options.maximumMemoryBytes) of this process")
        }
        let context = FunctionContext(revision: revision, runtime: runtime)
        let template = try await template(bytes, context: context, interface: interface)
        let function = WasmFunction(context, template: template, interface: interface, slots: slots)
        try await function.start()
        slots.add(function)
        return function
    }

    /// Compiles, and checks imports and exports, all away from the event loops.
    private func template(
        _ bytes: [UInt8], context: FunctionContext, interface: any GuestInterface.Type
    ) async throws(FunctionError) -> WasmTemplate {
        let (engines, cache) = (engines, cache)
        do {
            return try await NIOThreadPool.singleton.runIfActive { () throws -> WasmTemplate in
                let revision = context.revision
                let entry = try engines.entry(stackBytes: revision.limits.stackBytes)
                let module = try cache.module(bytes, engine: entry.engine) { context.logger.warning("\($0)") }
                try interface.check(module, for: revision)
                guard let linker = entry.linkers[revision.abi] else {
                    throw WasmError(.unavailable, "functions of the ABI \(revision.abi.rawValue) are not run by this version")
                }
                return try linker.template(module)
            }
        } catch let error as FunctionError {
            throw error
        } catch let error as WasmError {
            throw FunctionError(error, limits: context.limits)
        } catch {
            throw FunctionError(.closed, "the process ends: \(error)")
        }
    }

    private func interface(of abi: FunctionABI) throws(FunctionError) -> any GuestInterface.Type {
        switch abi {
        case .mecha: return MechaInterface.self
        case .proxyWasm: return ProxyWasmInterface.self
        case .component, .wasiHTTP:
            throw FunctionError(.invalidModule, "functions of the ABI \(abi.rawValue) are not run by this version")
        }
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
        throw FunctionError(
            .invalidModule, "the module speaks no ABI that is known: it exports neither `handle` nor `proxy_abi_version_*`")
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
