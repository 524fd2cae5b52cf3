import CWasmtime

/// A host function that a guest waits for.
struct PendingHostCall {
    /// Where the library expects the outcome, until the guest goes on.
    enum Target {
        case module(HostFunctionBox, UnsafeMutablePointer<wasmtime_val_t>, UnsafeMutablePointer<OpaquePointer?>?)
        case component(ComponentFunctionBox, UnsafeMutablePointer<wasmtime_component_val_t>?, UnsafeMutablePointer<OpaquePointer?>?)
    }

    enum Completion: Sendable {
        case module(WasmCompletion)
        case component(ComponentCompletion)
    }

    let target: Target
    let operation: @Sendable () async -> Completion
    /// What the operation came to.
    var completion: Completion?

    init(target: Target, operation: @escaping @Sendable () async -> Completion) {
        self.target = target
        self.operation = operation
    }

    /// On the guest's stack.
    func finish(_ completion: Completion, in store: WasmStore) {
        switch (target, completion) {
        case (.module(let box, let results, let trap), .module(let completion)):
            do {
                results.pointee.of.i32 = try completion(unsafeDowncast(store, to: WasmInstance.self))
            } catch {
                trap?.pointee = box.trap(error, in: store)
            }
        case (.component(let box, let results, let failure), .component(let completion)):
            let instance = unsafeDowncast(store, to: ComponentInstance.self)
            do {
                try box.write(try completion(instance), to: results, in: instance)
            } catch {
                failure?.pointee = box.failure(error, in: store)
            }
        default: preconditionFailure("a host call ended as one of another kind")
        }
    }
}
