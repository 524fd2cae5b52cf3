import MechaWasm

/// Code of a function that was checked and linked: what guests are made of.
protocol GuestSource: Sendable {
    /// Whether ``FunctionGuest/destroy()`` does anything.
    var hasDestroy: Bool { get }

    /// A new instance, set up for requests.
    func makeGuest(context: FunctionContext, slot: InstanceSlot, budget: WasmBudget) async throws(WasmError) -> FunctionGuest
}

/// A core module with the interface that it speaks.
struct ModuleSource: GuestSource {
    let template: WasmTemplate
    let interface: any GuestInterface.Type

    var hasDestroy: Bool { interface.hasDestroy(template.module) }

    func makeGuest(context: FunctionContext, slot: InstanceSlot, budget: WasmBudget) async throws(WasmError) -> FunctionGuest {
        let guest = try interface.guestKind.init(template, context: context, slot: slot)
        guest.instance.budget = budget
        try await guest.setUp()
        return guest
    }
}
