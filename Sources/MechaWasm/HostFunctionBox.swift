import CWasmtime

/// A host function as the library holds it, and the C functions that lead to it.
final class HostFunctionBox: Sendable {
    private let function: WasmHostFunction

    init(_ function: WasmHostFunction) { self.function = function }

    static let free: @convention(c) (UnsafeMutableRawPointer?) -> Void = { box in
        if let box { Unmanaged<HostFunctionBox>.fromOpaque(box).release() }
    }

    static let callImmediate: wasmtime_func_unchecked_callback_t = { box, caller, arguments, _ in
        guard let box, let arguments, let instance = instance(of: caller) else { return makeTrap("the call is from nowhere") }
        return Unmanaged<HostFunctionBox>.fromOpaque(box)._withUnsafeGuaranteedRef { box -> OpaquePointer? in
            guard case .immediate(let body) = box.function.body else { return makeTrap("the call is of another kind") }
            do {
                let call = WasmCaller(
                    instance, arguments: arguments, stride: MemoryLayout<wasmtime_val_raw_t>.stride, offset: 0)
                let result = try body(call)
                switch box.function.signature.results.first {
                case .i32: arguments.pointee.i32 = Int32(truncatingIfNeeded: result)
                case .i64: arguments.pointee.i64 = result
                default: break
                }
                return nil
            } catch {
                return box.trap(error, in: instance)
            }
        }
    }

    static let callSuspending: wasmtime_func_async_callback_t = { box, caller, arguments, _, results, _, trap, continuation in
        guard let continuation else { return }
        // Whatever happens below, the library asks for this next.
        continuation.pointee = wasmtime_async_continuation_t(callback: { _ in true }, env: nil, finalizer: nil)
        guard let box, let instance = instance(of: caller) else {
            trap?.pointee = makeTrap("the call is from nowhere")
            return
        }
        Unmanaged<HostFunctionBox>.fromOpaque(box)._withUnsafeGuaranteedRef { box in
            guard case .suspending(let body) = box.function.body, let results else {
                trap?.pointee = makeTrap("the call is of another kind")
                return
            }
            results.pointee.kind = WasmType.i32.rawValue
            do {
                // A function without parameters has no arguments to point to.
                let start = arguments.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(results)
                let call = WasmCaller(
                    instance, arguments: start, stride: MemoryLayout<wasmtime_val_t>.stride,
                    offset: MemoryLayout<wasmtime_val_t>.offset(of: \.of) ?? 8)
                switch try body(call) {
                case .now(let result): results.pointee.of.i32 = result
                case .later(let operation):
                    instance.wait(for: operation, box, results: results, trap: trap)
                    continuation.pointee.env = Unmanaged<WasmStore>.passUnretained(instance).toOpaque()
                    continuation.pointee.callback = { instance in
                        guard let instance else { return true }
                        return Unmanaged<WasmStore>.fromOpaque(instance)._withUnsafeGuaranteedRef { $0.finishHostCall() }
                    }
                }
            } catch {
                trap?.pointee = box.trap(error, in: instance)
            }
        }
    }

    /// What ends the guest's call because of `error`, which is kept for who made it.
    func trap(_ error: any Error, in store: WasmStore) -> OpaquePointer? {
        store.hostFailure = error
        return makeTrap("\(function.module).\(function.name): \(error)")
    }
}

private func makeTrap(_ message: String) -> OpaquePointer? {
    var message = message
    return message.withUTF8 { utf8 in
        utf8.withMemoryRebound(to: CChar.self) { wasmtime_trap_new($0.baseAddress, $0.count) }
    }
}

private func instance(of caller: OpaquePointer?) -> WasmInstance? {
    guard let caller, let data = wasmtime_context_get_data(wasmtime_caller_context(caller)) else { return nil }
    // Linkers of modules and of components are not mixed, so a module's function is called by a module's instance.
    let instance = unsafeDowncast(Unmanaged<WasmStore>.fromOpaque(data).takeUnretainedValue(), to: WasmInstance.self)
    if !instance.hasMemory { instance.findMemory(of: caller) }
    return instance
}
