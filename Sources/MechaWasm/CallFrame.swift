import CWasmtime

/// Where a call's arguments lie and its outcome is written, at an address that stays the same.
struct CallFrame {
    /// The most parameters that a function of an interface of ours has.
    static let argumentsAtMost = 8

    typealias Arguments = (
        wasmtime_val_t, wasmtime_val_t, wasmtime_val_t, wasmtime_val_t,
        wasmtime_val_t, wasmtime_val_t, wasmtime_val_t, wasmtime_val_t
    )

    var arguments: Arguments = (.init(), .init(), .init(), .init(), .init(), .init(), .init(), .init())
    var result = wasmtime_val_t()
    var instance = wasmtime_instance_t()
    var trap: OpaquePointer?
    var error: OpaquePointer?

    static let offsetOfArguments = MemoryLayout<CallFrame>.offset(of: \.arguments) ?? 0
    static let offsetOfResult = MemoryLayout<CallFrame>.offset(of: \.result) ?? 0
}
