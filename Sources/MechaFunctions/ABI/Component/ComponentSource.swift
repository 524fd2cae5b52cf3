import MechaWasm

/// A component with the interfaces that it gets.
struct ComponentSource: GuestSource {
    private let template: ComponentTemplate
    private let abi: FunctionABI

    let hasDestroy: Bool

    /// - Throws: ``FunctionError/Code/missingImport`` with the import's name for what was not granted.
    init(_ component: WasmComponent, for revision: FunctionRevision) throws {
        abi = revision.abi
        let handler = revision.abi == .wasiHTTP ? WASIHTTP.handler : MechaWorld.handler
        guard let export = component.export(handler), export.functions.contains("handle") else {
            throw FunctionError(.invalidModule, "the component does not export the interface \(handler) with its function handle")
        }
        hasDestroy = revision.abi == .component && component.export(MechaWorld.life) != nil
        var interfaces: [String: ComponentInterface] = [:]
        for wanted in component.imports {
            let name = String(wanted.plainName)
            try Self.checkVersion(wanted)
            if let interface = WASIPreview2.interfaces[name] {
                try WASIPreview2.check(wanted, for: revision)
                interfaces[name] = interface
            } else if let interface = MechaWorld.interfaces[name] {
                try MechaWorld.check(wanted, for: revision)
                interfaces[name] = interface
            }
        }
        template = try ComponentTemplate(component, interfaces: interfaces)
    }

    /// Interfaces of WASI are those of any 0.2, which only ever add functions; those of Mecha are 1.
    private static func checkVersion(_ wanted: WasmComponent.Interface) throws(FunctionError) {
        guard let at = wanted.name.firstIndex(of: "@") else { return }
        let version = wanted.name[wanted.name.index(after: at)...]
        let expected = wanted.name.hasPrefix("wasi:") ? "0.2." : "1."
        guard version.hasPrefix(expected), !version.contains("-") else {
            throw FunctionError(.missingImport, "the component imports \(wanted.name); interfaces of version \(expected)x are there")
        }
    }

    func makeGuest(context: FunctionContext, slot: InstanceSlot, budget: WasmBudget) async throws(WasmError) -> FunctionGuest {
        let guest: ComponentGuest =
            abi == .wasiHTTP
            ? try WASIHTTPGuest(template, context: context, slot: slot) : try MechaWorldGuest(template, context: context, slot: slot)
        guest.store.budget = budget
        try await guest.setUp()
        return guest
    }
}
