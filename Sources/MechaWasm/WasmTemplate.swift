import CWasmtime

/// A module with its imports resolved, ready to be made into instances.
package final class WasmTemplate: @unchecked Sendable {
    package let module: WasmModule
    let pointer: OpaquePointer
    // Owns the host functions that instances call.
    private let linker: WasmLinker

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer, module: WasmModule, linker: WasmLinker) {
        self.pointer = pointer
        self.module = module
        self.linker = linker
    }

    deinit { wasmtime_instance_pre_delete(pointer) }
}
