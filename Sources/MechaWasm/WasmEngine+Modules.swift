import CWasmtime

extension WasmEngine {
    /// Longest module that is looked at.
    package static let moduleBytesAtMost = 256 << 20

    /// Verifies and compiles `bytes`. Blocks for milliseconds to seconds: never on an event loop.
    package func compile(_ bytes: some Collection<UInt8>) throws(WasmError) -> WasmModule {
        try WasmBinary.check(bytes)
        var module: OpaquePointer?
        let error = ContiguousArray(bytes).withUnsafeBufferPointer {
            wasmtime_module_new(pointer, $0.baseAddress, $0.count, &module)
        }
        if let error { throw WasmError(.invalidModule, taking: error) }
        guard let module else { throw WasmError(.invalidModule, "the module did not compile") }
        return WasmModule(module, engine: self)
    }

    /// The module's machine code, for ``load(precompiled:)``.
    func serialize(_ module: WasmModule) throws(WasmError) -> [UInt8] {
        var bytes = wasm_byte_vec_t()
        if let error = wasmtime_module_serialize(module.pointer, &bytes) { throw WasmError(.invalidModule, taking: error) }
        defer { wasm_byte_vec_delete(&bytes) }
        return Array(UnsafeRawBufferPointer(start: bytes.data, count: bytes.size))
    }

    /// Maps machine code that this engine made. Who can change the file can run anything in this process, so only
    /// ``WasmModuleCache`` calls this, with what it has checked.
    func load(precompiled path: String) throws(WasmError) -> WasmModule {
        var module: OpaquePointer?
        if let error = wasmtime_module_deserialize_file(pointer, path, &module) { throw WasmError(.invalidModule, taking: error) }
        guard let module else { throw WasmError(.invalidModule, "the precompiled module does not load") }
        let loaded = WasmModule(module, engine: self)
        loaded.releaseImage()
        return loaded
    }

    /// Translates the text form, for tests and tools.
    package static func binary(text: String) throws(WasmError) -> [UInt8] {
        try WasmLibrary.load(path: nil)
        var text = text
        var bytes = wasm_byte_vec_t()
        let error = text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { wasmtime_wat2wasm($0.baseAddress, $0.count, &bytes) }
        }
        if let error { throw WasmError(.invalidModule, taking: error) }
        defer { wasm_byte_vec_delete(&bytes) }
        return Array(UnsafeRawBufferPointer(start: bytes.data, count: bytes.size))
    }
}
