import MechaWasm

/// A guest that is a core module.
///
/// Subclasses speak an interface; host functions of WASI need no more than this.
class Guest: FunctionGuest, @unchecked Sendable {
    let instance: WasmInstance
    /// Files and folders that it has open, by WASI's numbers; made when it asks first.
    var files: GuestFileTable?

    required init(_ template: WasmTemplate, context: FunctionContext, slot: InstanceSlot) throws(WasmError) {
        instance = try WasmInstance(
            template,
            limits: .init(memoryBytes: context.limits.memoryBytes, tableElements: template.module.engine.options.maximumTableElements))
        super.init(instance, context: context, slot: slot)
    }

    /// Makes the instance and brings it to where it can take requests, under its budget.
    func setUp() async throws(WasmError) { try await instance.instantiate() }
}

extension WasmCaller {
    /// The guest that calls. Each interface has a linker of its own, so its functions meet guests of its kind only.
    func guest<Kind: Guest>(_ kind: Kind.Type = Kind.self) -> Kind { Guest.of(instance) }
}

extension Guest {
    static func of<Kind: Guest>(_ instance: WasmInstance) -> Kind {
        guard let guest = instance.guest else { preconditionFailure("an instance without a guest runs") }
        return unsafeDowncast(guest, to: Kind.self)
    }
}
