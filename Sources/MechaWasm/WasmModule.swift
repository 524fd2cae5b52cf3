import CWasmtime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Verified code that instances are made of.
package final class WasmModule: @unchecked Sendable {
    /// What a module needs or offers.
    package enum Item: Sendable, Hashable {
        case function(WasmSignature)
        /// Bytes that the memory begins with.
        case memory(minimumBytes: UInt64)
        case other
    }

    package struct Import: Sendable, Hashable {
        package var module: String
        package var name: String
        package var item: Item

        package init(module: String, name: String, item: Item) {
            self.module = module
            self.name = name
            self.item = item
        }
    }

    package let engine: WasmEngine
    package let imports: [Import]
    package let exports: [String: Item]
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer, engine: WasmEngine) {
        self.pointer = pointer
        self.engine = engine
        var imported = wasm_importtype_vec_t()
        wasmtime_module_imports(pointer, &imported)
        imports = UnsafeBufferPointer(start: imported.data, count: imported.size).compactMap { type in
            type.map {
                Import(module: text(wasm_importtype_module($0)), name: text(wasm_importtype_name($0)), item: item(wasm_importtype_type($0)))
            }
        }
        wasm_importtype_vec_delete(&imported)
        var exported = wasm_exporttype_vec_t()
        wasmtime_module_exports(pointer, &exported)
        var items: [String: Item] = [:]
        for case let type? in UnsafeBufferPointer(start: exported.data, count: exported.size) {
            items[text(wasm_exporttype_name(type))] = item(wasm_exporttype_type(type))
        }
        wasm_exporttype_vec_delete(&exported)
        exports = items
    }

    /// Lets go of the pages of the module's file that only loading it needed: of a thousand functions few run at a time.
    /// What is needed comes back from the page cache; what was written to, if anything, stays.
    func releaseImage() {
        #if os(Linux)
        var start: UnsafeMutableRawPointer?
        var end: UnsafeMutableRawPointer?
        wasmtime_module_image_range(pointer, &start, &end)
        guard let start, let end, start < end else { return }
        _ = madvise(start, end - start, Self.pageOut)
        #endif
    }

    #if os(Linux)
    /// MADV_PAGEOUT of Linux 5.4; older kernels refuse it.
    private static let pageOut: Int32 = 21
    #endif

    deinit { wasmtime_module_delete(pointer) }

    /// The signature of an exported function; nil when there is none of that name.
    package func function(_ name: String) -> WasmSignature? {
        if case .function(let signature)? = exports[name] { signature } else { nil }
    }
}

private func text(_ name: UnsafePointer<wasm_name_t>?) -> String {
    guard let name = name?.pointee, let data = name.data else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: data, count: name.size), as: UTF8.self)
}

private func item(_ type: OpaquePointer?) -> WasmModule.Item {
    guard let type else { return .other }
    switch Int(wasm_externtype_kind(type)) {
    case Int(MECHA_WASMTIME_EXTERN_FUNC): return wasm_externtype_as_functype_const(type).map { .function(WasmSignature($0)) } ?? .other
    case Int(MECHA_WASMTIME_EXTERN_MEMORY):
        guard let memory = wasm_externtype_as_memorytype_const(type) else { return .other }
        return .memory(minimumBytes: wasmtime_memorytype_minimum(memory) << 16)
    default: return .other
    }
}
