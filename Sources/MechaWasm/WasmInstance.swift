import CWasmtime

/// A guest that is a core module: memory of its own, and functions to call.
package final class WasmInstance: WasmStore, @unchecked Sendable {
    package let template: WasmTemplate

    var handle = wasmtime_instance_t()
    var guestMemory = wasmtime_memory_t()
    var hasMemory = false
    /// Where the library reads arguments and writes results; it must not move while a call is under way.
    let frame: UnsafeMutablePointer<CallFrame>

    /// An instance without anything in it; ``instantiate()`` must follow before it is used.
    package init(_ template: WasmTemplate, limits: WasmInstanceLimits) throws(WasmError) {
        self.template = template
        let frame = UnsafeMutablePointer<CallFrame>.allocate(capacity: 1)
        frame.initialize(to: CallFrame())
        self.frame = frame
        do throws(WasmError) {
            try super.init(template.module.engine, limits: limits, parts: 1)
        } catch {
            // No deinit runs of an object that never came to be.
            frame.deallocate()
            throw error
        }
    }

    deinit {
        frame.deinitialize(count: 1)
        frame.deallocate()
    }

    package override var memoryBytes: Int { hasMemory ? wasmtime_memory_data_size(context, &guestMemory) : 0 }

    override func takeFailure() -> WasmError? {
        if let trap = frame.pointee.trap.take() { return WasmError(takingTrap: trap) }
        if let error = frame.pointee.error.take() { return WasmError(.trapped, taking: error) }
        return nil
    }

    /// Makes the memory and everything else of the instance under ``budget``, and runs what the module does at its start.
    package func instantiate() async throws(WasmError) {
        prepare()
        let future = wasmtime_instance_pre_instantiate_async(
            template.pointer, context, &frame.pointee.instance, &frame.pointee.trap, &frame.pointee.error)
        do throws(WasmError) {
            try await drive(future)
        } catch {
            throw error.code == .trapped && error.stack.isEmpty && error.cause == nil
                ? WasmError(.outOfMemory, "no instance can be made: \(error.message)") : error
        }
        handle = frame.pointee.instance
        var item = wasmtime_extern_t()
        let name = Array("memory".utf8CString)
        if wasmtime_instance_export_get(context, &handle, name, name.count - 1, &item), Int(item.kind) == Int(MECHA_WASMTIME_EXTERN_MEMORY)
        {
            guestMemory = item.of.memory
            hasMemory = true
        }
    }

    /// An exported function; nil when the module has none of that name.
    package func function(_ name: StaticString) -> WasmExport? {
        var item = wasmtime_extern_t()
        let found = name.withUTF8Buffer { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { wasmtime_instance_export_get(context, &handle, $0.baseAddress, $0.count, &item) }
        }
        guard found, Int(item.kind) == Int(MECHA_WASMTIME_EXTERN_FUNC) else { return nil }
        return WasmExport(name: name, pointer: item.of.func)
    }
}
