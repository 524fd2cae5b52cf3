import MechaWasm

/// How the runtime and modules talk: what they import, what they must export, and how a request is put to one.
protocol GuestInterface: SendableMetatype {
    /// What modules may import, beside WASI.
    static var functions: [WasmHostFunction] { get }

    /// Whether the module can run as `revision`: it has the exports, and imports nothing that was not granted.
    static func check(_ module: WasmModule, for revision: FunctionRevision) throws(FunctionError)

    /// Whether ``Guest/destroy()`` does anything.
    static func hasDestroy(_ module: WasmModule) -> Bool

    /// A new instance, set up for requests.
    static func makeGuest(_ template: WasmTemplate, context: FunctionContext, slot: InstanceSlot, budget: WasmBudget)
        async throws(WasmError) -> Guest
}
