import CWasmtime

extension WasmInstance {
    /// Calls an export under ``budget``; answers its result, 0 without one.
    ///
    /// Runs on the caller's event loop and lets go of it about every millisecond, and whenever a host function waits.
    /// After a throw the instance is of no use.
    package func call(_ function: WasmExport, _ arguments: [Int32] = [], hasResult: Bool) async throws(WasmError) -> Int32 {
        precondition(arguments.count <= CallFrame.argumentsAtMost)
        let start = UnsafeMutableRawPointer(frame).advanced(by: CallFrame.offsetOfArguments)
            .assumingMemoryBound(to: wasmtime_val_t.self)
        for (index, argument) in arguments.enumerated() {
            start[index].kind = WasmType.i32.rawValue
            start[index].of.i32 = argument
        }
        let result = UnsafeMutableRawPointer(frame).advanced(by: CallFrame.offsetOfResult).assumingMemoryBound(to: wasmtime_val_t.self)
        var pointer = function.pointer
        let future = wasmtime_func_call_async(
            context, &pointer, start, arguments.count, result, hasResult ? 1 : 0, &frame.pointee.trap, &frame.pointee.error)
        try await drive(future)
        return hasResult ? frame.pointee.result.of.i32 : 0
    }

    /// Calls an export from within a host function; it cannot wait, and a trap of it is one of the outer call.
    package func callNested(_ function: WasmExport, _ argument: UInt32) throws(WasmError) -> UInt32 {
        var raw = wasmtime_val_raw_t(i32: Int32(bitPattern: argument))
        var trap: OpaquePointer?
        var pointer = function.pointer
        nesting += 1
        let error = wasmtime_func_call_unchecked(context, &pointer, &raw, 1, &trap)
        nesting -= 1
        if let trap { throw WasmError(takingTrap: trap) }
        if let error { throw WasmError(.trapped, taking: error) }
        return UInt32(bitPattern: raw.i32)
    }

    // MARK: - Waiting

    func wait(
        for operation: @escaping @Sendable () async -> WasmCompletion, _ box: HostFunctionBox,
        results: UnsafeMutablePointer<wasmtime_val_t>, trap: UnsafeMutablePointer<OpaquePointer?>?
    ) {
        pending = PendingHostCall(target: .module(box, results, trap)) { .module(await operation()) }
    }
}
