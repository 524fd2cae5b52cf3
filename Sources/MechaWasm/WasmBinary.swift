/// The first bytes of WebAssembly files.
package enum WasmBinary {
    package enum Kind: Sendable { case module, component }

    /// What `bytes` are by their header.
    package static func kind(of bytes: some Collection<UInt8>) throws(WasmError) -> Kind {
        let head = Array(bytes.prefix(8))
        guard head.count == 8, head[0..<4].elementsEqual([0x00, 0x61, 0x73, 0x6d]) else {
            throw WasmError(.invalidModule, "it is no WebAssembly: the first bytes are not `\\0asm` and a version")
        }
        // A 16-bit version and a 16-bit layer (Component Model, binary format).
        if head[6] == 0, head[7] == 0 { return .module }
        if head[6] == 1, head[7] == 0 { return .component }
        throw WasmError(.invalidModule, "it is WebAssembly of a layer that is not known")
    }

    static func check(_ bytes: some Collection<UInt8>, _ wanted: Kind = .module) throws(WasmError) {
        guard bytes.count <= WasmEngine.moduleBytesAtMost else {
            throw WasmError(.invalidModule, "the module has \(bytes.count) bytes; at most \(WasmEngine.moduleBytesAtMost) are taken")
        }
        guard try kind(of: bytes) == wanted else {
            throw WasmError(
                .invalidModule,
                wanted == .module ? "it is a component, and a core module is expected" : "it is a core module, and a component is expected")
        }
    }
}
