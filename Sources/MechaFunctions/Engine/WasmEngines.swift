import MechaWasm
import NIOCore
import NIOPosix
import Synchronization

/// The engines of a process, and what guests may import from them: made when the first function needs them.
///
/// What is a property of an engine makes one for each value in use: the guest's stack, whether fuel is counted (which
/// is part of the machine code), and whether it runs components (whose instances take many places in its pool).
final class WasmEngines: Sendable {
    /// An engine with the host functions of each interface of core modules.
    struct Entry: Sendable {
        let engine: WasmEngine
        let linkers: [FunctionABI: WasmLinker]
    }

    private struct Key: Hashable {
        var stackBytes: Int
        var metersFuel: Bool
        var runsComponents: Bool
    }

    /// Instances of components at a time: each has many tables and may have several memories.
    private static let componentInstancesAtMost = 500
    /// Interpreters in components recurse deeply.
    private static let componentStackBytes = 1 << 20

    private let options: WasmFunctionOptions
    private let entries = Mutex<[Key: Entry]>([:])

    init(_ options: WasmFunctionOptions) { self.options = options }

    /// The stack of `limits` is rounded up to a power of two from 64 KiB to 1 MiB; components have the most.
    func entry(_ limits: FunctionLimits, runsComponents: Bool = false) throws(FunctionError) -> Entry {
        var size = 64 << 10
        while size < limits.stackBytes, size < 1 << 20 { size <<= 1 }
        let key = Key(
            stackBytes: runsComponents ? Self.componentStackBytes : size, metersFuel: limits.metersFuel, runsComponents: runsComponents)
        return try entries.withLock { entries throws(FunctionError) in
            if let entry = entries[key] { return entry }
            do throws(WasmError) {
                var wanted = WasmEngineOptions()
                wanted.compiler = WasmEngineOptions.Compiler(rawValue: options.compiler.rawValue) ?? .optimizing
                // The first takes the whole; others are rare.
                wanted.maximumInstances = entries.isEmpty ? options.maximumInstances : options.maximumInstances / 4
                if runsComponents { wanted.maximumInstances = min(wanted.maximumInstances, Self.componentInstancesAtMost) }
                wanted.maximumMemoryBytes = options.maximumMemoryBytes
                wanted.stackBytes = key.stackBytes
                wanted.metersFuel = key.metersFuel
                wanted.runsComponents = runsComponents
                let engine = try WasmEngine(wanted, libraryPath: options.libraryPath)
                var linkers: [FunctionABI: WasmLinker] = [:]
                if !runsComponents {
                    linkers[.mecha] = try WasmLinker(engine, functions: MechaInterface.functions + WASIPreview1.functions)
                    linkers[.httpWasm] = try WasmLinker(engine, functions: HTTPWasmInterface.functions + WASIPreview1.functions)
                    linkers[.proxyWasm] = try WasmLinker(engine, functions: ProxyWasmInterface.functions + WASIPreview1.functions)
                }
                let entry = Entry(engine: engine, linkers: linkers)
                entries[key] = entry
                return entry
            } catch {
                throw FunctionError(error, limits: .init())
            }
        }
    }

    /// Guests that still run are stopped.
    func removeAll() {
        entries.withLock { entries in
            for entry in entries.values { entry.engine.stopGuests() }
            entries.removeAll()
        }
    }
}
