import CWasmtime

/// A guest: memory of its own, and functions to call. One call at a time; between calls it may change threads.
package final class WasmInstance: @unchecked Sendable {
    package let template: WasmTemplate
    /// What host functions find their state by; whoever made the instance owns it.
    package unowned(unsafe) var guest: AnyObject?
    /// Freed when nothing of the instance is left.
    package var companion: AnyObject?
    /// What the call that runs may use.
    package var budget = WasmBudget()
    /// False after a trap: nothing is known of its memory then, and it must be dropped.
    package internal(set) var isUsable = true
    /// What a host function threw last.
    package internal(set) var hostFailure: (any Error)?

    let store: OpaquePointer
    let context: OpaquePointer
    var handle = wasmtime_instance_t()
    var guestMemory = wasmtime_memory_t()
    var hasMemory = false
    /// Where the library reads arguments and writes results; it must not move while a call is under way.
    let frame: UnsafeMutablePointer<CallFrame>
    var pending: PendingHostCall?
    var nesting = 0
    /// The stretch of time in which the guest runs now.
    var slice = Slice(startedAt: 0)
    /// Why the guest was stopped, when it was.
    var stopped: WasmError.Code?

    /// An instance without anything in it; ``instantiate()`` must follow before it is used.
    package init(_ template: WasmTemplate, limits: WasmInstanceLimits) throws(WasmError) {
        let engine = template.module.engine
        try engine.takeSlot()
        guard let store = wasmtime_store_new(engine.pointer, nil, nil), let context = wasmtime_store_context(store) else {
            engine.returnSlot()
            throw WasmError(.unavailable, "wasmtime makes no store")
        }
        self.template = template
        self.store = store
        self.context = context
        frame = .allocate(capacity: 1)
        frame.initialize(to: CallFrame())
        wasmtime_store_limiter(store, Int64(limits.memoryBytes), Int64(limits.tableElements), 1, 1, 1)
    }

    deinit {
        wasmtime_store_delete(store)
        frame.deinitialize(count: 1)
        frame.deallocate()
        template.module.engine.returnSlot()
    }

    /// Makes the memory and everything else of the instance under ``budget``, and runs what the module does at its start.
    package func instantiate() async throws(WasmError) {
        let own = Unmanaged.passUnretained(self).toOpaque()
        wasmtime_context_set_data(context, own)
        wasmtime_store_epoch_deadline_callback(store, Self.deadlineReached, own, nil)
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
