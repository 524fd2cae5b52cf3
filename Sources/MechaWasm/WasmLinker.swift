import CWasmtime

/// The host functions that modules of an engine may import.
package final class WasmLinker: @unchecked Sendable {
    package let engine: WasmEngine
    private let pointer: OpaquePointer
    /// What is defined, by module and name, for messages.
    private let signatures: [String: [String: WasmSignature]]

    package init(_ engine: WasmEngine, functions: [WasmHostFunction]) throws(WasmError) {
        guard let linker = wasmtime_linker_new(engine.pointer) else { throw WasmError(.unavailable, "wasmtime makes no linker") }
        self.engine = engine
        pointer = linker
        var signatures: [String: [String: WasmSignature]] = [:]
        for function in functions { signatures[function.module, default: [:]][function.name] = function.signature }
        self.signatures = signatures
        for function in functions { try define(function) }
    }

    deinit { wasmtime_linker_delete(pointer) }

    private func define(_ function: WasmHostFunction) throws(WasmError) {
        guard let type = function.signature.makeFunctionType() else { throw WasmError(.unavailable, "wasmtime makes no type") }
        defer { wasm_functype_delete(type) }
        let box = Unmanaged.passRetained(HostFunctionBox(function)).toOpaque()
        let (module, name) = (Array(function.module.utf8CString), Array(function.name.utf8CString))
        let error =
            switch function.body {
            case .immediate:
                wasmtime_linker_define_func_unchecked(
                    pointer, module, module.count - 1, name, name.count - 1, type, HostFunctionBox.callImmediate, box,
                    HostFunctionBox.free)
            case .suspending:
                wasmtime_linker_define_async_func(
                    pointer, module, module.count - 1, name, name.count - 1, type, HostFunctionBox.callSuspending, box,
                    HostFunctionBox.free)
            }
        if let error { throw WasmError(.unavailable, taking: error) }
    }

    /// Resolves the imports of `module`.
    package func template(_ module: WasmModule) throws(WasmError) -> WasmTemplate {
        for wanted in module.imports {
            guard case .function(let signature) = wanted.item else {
                throw WasmError(.missingImport, "the module imports \(wanted.module).\(wanted.name), which is no function")
            }
            guard let defined = signatures[wanted.module]?[wanted.name] else {
                throw WasmError(.missingImport, "the module imports \(wanted.module).\(wanted.name), which does not exist here")
            }
            guard defined == signature else {
                throw WasmError(
                    .missingImport, "the module imports \(wanted.module).\(wanted.name) as \(signature); it is \(defined)")
            }
        }
        var template: OpaquePointer?
        if let error = wasmtime_linker_instantiate_pre(pointer, module.pointer, &template) {
            throw WasmError(.missingImport, taking: error)
        }
        guard let template else { throw WasmError(.missingImport, "the module's imports do not resolve") }
        return WasmTemplate(template, module: module, linker: self)
    }
}
