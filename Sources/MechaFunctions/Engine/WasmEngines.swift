import MechaWasm
import NIOCore
import NIOPosix
import Synchronization

/// The engines of a process, and what guests may import from them: made when the first function needs them.
///
/// A guest's stack is a property of an engine, so there is one for each size in use.
final class WasmEngines: Sendable {
    /// An engine with the host functions of each interface.
    struct Entry: Sendable {
        let engine: WasmEngine
        let linkers: [FunctionABI: WasmLinker]
    }

    private let options: WasmFunctionOptions
    private let entries = Mutex<[Int: Entry]>([:])

    init(_ options: WasmFunctionOptions) { self.options = options }

    /// - Parameter stackBytes: rounded up to a power of two from 64 KiB to 1 MiB.
    func entry(stackBytes: Int) throws(FunctionError) -> Entry {
        var size = 64 << 10
        while size < stackBytes, size < 1 << 20 { size <<= 1 }
        return try entries.withLock { entries throws(FunctionError) in
            if let entry = entries[size] { return entry }
            do throws(WasmError) {
                var wanted = WasmEngineOptions()
                wanted.compiler = WasmEngineOptions.Compiler(rawValue: options.compiler.rawValue) ?? .optimizing
                // The first takes the whole; stacks of other sizes are rare.
                wanted.maximumInstances = entries.isEmpty ? options.maximumInstances : options.maximumInstances / 4
                wanted.maximumMemoryBytes = options.maximumMemoryBytes
                wanted.stackBytes = size
                let engine = try WasmEngine(wanted, libraryPath: options.libraryPath)
                var linkers: [FunctionABI: WasmLinker] = [:]
                linkers[.mecha] = try WasmLinker(engine, functions: MechaInterface.functions + WASIPreview1.functions)
                linkers[.proxyWasm] = try WasmLinker(engine, functions: ProxyWasmInterface.functions + WASIPreview1.functions)
                let entry = Entry(engine: engine, linkers: linkers)
                entries[size] = entry
                return entry
            } catch {
                throw FunctionError(error, limits: .init())
            }
        }
    }

    func removeAll() { entries.withLock { $0.removeAll() } }
}
