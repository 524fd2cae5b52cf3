import CWasmtime

extension WasmEngine {
    /// Verifies and compiles a component. Blocks, for seconds with large ones: never on an event loop.
    package func compile(component bytes: some Collection<UInt8>) throws(WasmError) -> WasmComponent {
        try WasmBinary.check(bytes, .component)
        var component: OpaquePointer?
        let error = ContiguousArray(bytes).withUnsafeBufferPointer {
            wasmtime_component_new(pointer, $0.baseAddress, $0.count, &component)
        }
        if let error { throw WasmError(.invalidModule, taking: error) }
        guard let component else { throw WasmError(.invalidModule, "the component did not compile") }
        return try WasmComponent(component, engine: self)
    }

    func serialize(_ component: WasmComponent) throws(WasmError) -> [UInt8] {
        var bytes = wasm_byte_vec_t()
        if let error = wasmtime_component_serialize(component.pointer, &bytes) { throw WasmError(.invalidModule, taking: error) }
        defer { wasm_byte_vec_delete(&bytes) }
        return Array(UnsafeRawBufferPointer(start: bytes.data, count: bytes.size))
    }

    /// As ``load(precompiled:)``.
    func load(precompiledComponent path: String) throws(WasmError) -> WasmComponent {
        var component: OpaquePointer?
        if let error = wasmtime_component_deserialize_file(pointer, path, &component) {
            throw WasmError(.invalidModule, taking: error)
        }
        guard let component else { throw WasmError(.invalidModule, "the precompiled component does not load") }
        return try WasmComponent(component, engine: self)
    }
}
