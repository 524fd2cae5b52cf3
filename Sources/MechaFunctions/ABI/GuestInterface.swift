import MechaWasm

/// How the runtime and modules talk: what they import, what they must export, and how a request is put to one.
protocol GuestInterface: SendableMetatype {
    /// What modules may import, beside WASI.
    static var functions: [WasmHostFunction] { get }

    /// Whether the module can run as `revision`: it has the exports, and imports nothing that was not granted.
    static func check(_ module: WasmModule, for revision: FunctionRevision) throws(FunctionError)

    /// Whether ``Guest/destroy()`` does anything.
    static func hasDestroy(_ module: WasmModule) -> Bool

    /// What instances of its modules are.
    static var guestKind: Guest.Type { get }
}

extension GuestInterface {
    /// Host functions reach a guest's memory by its name.
    static func requireMemory(_ module: WasmModule) throws(FunctionError) {
        guard case .memory? = module.exports["memory"] else {
            throw FunctionError(.invalidModule, "the module exports no memory of the name `memory`")
        }
    }
}
