import CWasmtime

/// The guest's memory, every access checked. A guest that grows its memory may move it, so nothing of what is given
/// here outlives the host function that asked for it.
extension WasmInstance {
    /// All of it; empty when the module exports no memory.
    package var memory: UnsafeMutableRawBufferPointer {
        guard hasMemory else { return .init(start: nil, count: 0) }
        return .init(start: wasmtime_memory_data(context, &guestMemory), count: wasmtime_memory_data_size(context, &guestMemory))
    }

    /// Finds the memory while the module's start function runs: nobody but who calls knows the instance then.
    @inline(never)
    func findMemory(of caller: OpaquePointer) {
        var item = wasmtime_extern_t()
        let name: StaticString = "memory"
        let found = name.withUTF8Buffer { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { wasmtime_caller_export_get(caller, $0.baseAddress, $0.count, &item) }
        }
        guard found, Int(item.kind) == Int(MECHA_WASMTIME_EXTERN_MEMORY) else { return }
        guestMemory = item.of.memory
        hasMemory = true
    }

    /// A part of the memory.
    package func bytes(at pointer: UInt32, count: UInt32) throws(WasmMemoryError) -> UnsafeMutableRawBufferPointer {
        let memory = memory
        guard Int(pointer) + Int(count) <= memory.count else {
            throw WasmMemoryError(pointer: pointer, count: count, memoryBytes: memory.count)
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[Int(pointer)..<Int(pointer) + Int(count)])
    }

    /// Text of the guest; bytes that are no UTF-8 become the replacement character.
    package func string(at pointer: UInt32, count: UInt32) throws(WasmMemoryError) -> String {
        String(decoding: try bytes(at: pointer, count: count), as: UTF8.self)
    }

    package func store(_ value: UInt32, at pointer: UInt32) throws(WasmMemoryError) {
        try bytes(at: pointer, count: 4).storeBytes(of: value.littleEndian, as: UInt32.self)
    }

    package func store(_ value: UInt64, at pointer: UInt32) throws(WasmMemoryError) {
        try bytes(at: pointer, count: 8).storeBytes(of: value.littleEndian, as: UInt64.self)
    }
}
