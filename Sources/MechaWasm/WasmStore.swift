import CWasmtime

/// What one guest lives in, a module's instance or a component's: its memory, its limits, and the call that runs. One
/// call at a time; between calls it may change threads.
package class WasmStore: @unchecked Sendable {
    package let engine: WasmEngine
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
    var pending: PendingHostCall?
    var nesting = 0
    /// The stretch of time in which the guest runs now.
    var slice = Slice(startedAt: 0)
    /// Pages that the guest's thread was given while the guest ran, during the call that runs or has ended.
    var newPages = 0
    /// Fuel that the call began with.
    var fuelGiven: UInt64 = 0
    /// Why the guest was stopped, when it was.
    var stopped: WasmError.Code?

    /// - Parameter parts: core instances, tables and memories of each, that may be made in it.
    init(_ engine: WasmEngine, limits: WasmInstanceLimits, parts: Int64) throws(WasmError) {
        try engine.takeSlot()
        guard let store = wasmtime_store_new(engine.pointer, nil, nil), let context = wasmtime_store_context(store) else {
            engine.returnSlot()
            throw WasmError(.unavailable, "wasmtime makes no store")
        }
        self.engine = engine
        self.store = store
        self.context = context
        wasmtime_store_limiter(store, Int64(limits.memoryBytes), Int64(limits.tableElements), parts, parts, parts)
    }

    deinit {
        wasmtime_store_delete(store)
        engine.returnSlot()
    }

    /// Bytes that its memory has now; 0 where that cannot be seen.
    package var memoryBytes: Int { 0 }

    /// What the call that has ended is likely to have needed at least, in bytes: why a guest that got no more memory died.
    package var neededBytes: Int { memoryBytes }

    /// Takes the outcome of the call that has ended: nil when it went well.
    func takeFailure() -> WasmError? { nil }

    /// Lets host functions find the guest, and the clock stop it. Before the first call.
    func prepare() {
        let own = Unmanaged.passUnretained(self).toOpaque()
        wasmtime_context_set_data(context, own)
        wasmtime_store_epoch_deadline_callback(store, Self.deadlineReached, own, nil)
    }
}
