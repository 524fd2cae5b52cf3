import CWasmtime

/// A host function that a guest waits for.
struct PendingHostCall {
    let box: HostFunctionBox
    let operation: @Sendable () async -> WasmCompletion
    /// Where the library expects the outcome, until the guest goes on.
    let results: UnsafeMutablePointer<wasmtime_val_t>
    let trap: UnsafeMutablePointer<OpaquePointer?>?
    /// What the operation came to.
    var completion: WasmCompletion?
}
