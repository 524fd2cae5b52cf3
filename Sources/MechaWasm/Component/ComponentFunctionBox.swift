import CWasmtime

/// A host function as the library holds it, and the C functions that lead to it.
final class ComponentFunctionBox: Sendable {
    /// `wasi:io/poll@0.2.0.poll`, for messages.
    private let name: String
    private let function: ComponentFunction

    init(_ function: ComponentFunction, name: String) {
        self.function = function
        self.name = name
    }

    static let free: @convention(c) (UnsafeMutableRawPointer?) -> Void = { box in
        if let box { Unmanaged<ComponentFunctionBox>.fromOpaque(box).release() }
    }

    /// Whether it has to be defined as one that may wait.
    var maySuspend: Bool { if case .suspending = function { true } else { false } }

    static let callImmediate: wasmtime_component_func_callback_t = { box, context, _, arguments, count, results, resultCount in
        guard let box, let instance = instance(of: context) else { return wasmtime_error_new("the call is from nowhere") }
        return Unmanaged<ComponentFunctionBox>.fromOpaque(box)._withUnsafeGuaranteedRef { box -> OpaquePointer? in
            do {
                guard case .immediate(let body) = box.function else { throw ComponentTypeError("function of this kind") }
                let call = try box.call(instance, arguments, count)
                try box.write(try body(call), to: resultCount > 0 ? results : nil, in: instance)
                return nil
            } catch {
                return box.failure(error, in: instance)
            }
        }
    }

    static let callSuspending: wasmtime_component_func_async_callback_t = {
        box, context, _, arguments, count, results, resultCount, failure, continuation in
        guard let continuation else { return }
        // Whatever happens below, the library asks for this next.
        continuation.pointee = wasmtime_async_continuation_t(callback: { _ in true }, env: nil, finalizer: nil)
        guard let box, let instance = instance(of: context) else {
            failure?.pointee = wasmtime_error_new("the call is from nowhere")
            return
        }
        Unmanaged<ComponentFunctionBox>.fromOpaque(box)._withUnsafeGuaranteedRef { box in
            do {
                guard case .suspending(let body) = box.function else { throw ComponentTypeError("function of this kind") }
                let call = try box.call(instance, arguments, count)
                let target = resultCount > 0 ? results : nil
                switch try body(call) {
                case .now(let result): try box.write(result, to: target, in: instance)
                case .later(let operation):
                    instance.pending = PendingHostCall(target: .component(box, target, failure)) { .component(await operation()) }
                    continuation.pointee.env = Unmanaged<WasmStore>.passUnretained(instance).toOpaque()
                    continuation.pointee.callback = { instance in
                        guard let instance else { return true }
                        return Unmanaged<WasmStore>.fromOpaque(instance)._withUnsafeGuaranteedRef { $0.finishHostCall() }
                    }
                }
            } catch {
                failure?.pointee = box.failure(error, in: instance)
            }
        }
    }

    /// A guest has dropped a resource.
    static let destroy: wasmtime_component_resource_destructor_t = { _, context, number in
        instance(of: context)?.forget(number)
        return nil
    }

    private func call(
        _ instance: ComponentInstance, _ arguments: UnsafeMutablePointer<wasmtime_component_val_t>?, _ count: Int
    ) throws -> ComponentCall {
        ComponentCall(
            instance: instance,
            arguments: try UnsafeBufferPointer(start: arguments, count: count).map { try ComponentValue($0, in: instance) })
    }

    /// - Parameter target: nil where the guest wants no result.
    func write(
        _ result: ComponentValue?, to target: UnsafeMutablePointer<wasmtime_component_val_t>?, in instance: ComponentInstance
    ) throws {
        guard let target else { return }
        guard let result else { throw ComponentTypeError("call without a result") }
        try result.write(to: target, in: instance)
    }

    /// What ends the guest's call because of `error`, which is kept for who made it.
    func failure(_ error: any Error, in store: WasmStore) -> OpaquePointer? {
        store.hostFailure = error
        return wasmtime_error_new("\(name): \(error)")
    }
}

private func instance(of context: OpaquePointer?) -> ComponentInstance? {
    guard let context, let data = wasmtime_context_get_data(context) else { return nil }
    // Linkers of modules and of components are not mixed.
    return unsafeDowncast(Unmanaged<WasmStore>.fromOpaque(data).takeUnretainedValue(), to: ComponentInstance.self)
}
