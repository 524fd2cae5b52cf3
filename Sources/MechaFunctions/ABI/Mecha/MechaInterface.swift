import MechaWasm

/// Mecha's own interface between the runtime and core modules: docs/function-abi.md describes it byte for byte.
enum MechaInterface: GuestInterface {
    static var guestKind: Guest.Type { MechaGuest.self }
    static let module = "mecha"

    static var functions: [WasmHostFunction] {
        requestFunctions + resultFunctions + systemFunctions + stateFunctions + messagingFunctions + storeFunctions + plannedFunctions
    }

    static func check(_ module: WasmModule, for revision: FunctionRevision) throws(FunctionError) {
        guard module.function("handle") == WasmSignature([], [.i32]) else {
            throw FunctionError(.invalidModule, exportMessage(module, "handle", "() -> i32"))
        }
        try requireMemory(module)
        for name in ["start", "destroy", "_initialize"] where module.exports[name] != nil {
            guard let signature = module.function(name), signature.parameters.isEmpty,
                name == "_initialize" ? signature.results.isEmpty : signature.results.isEmpty || signature.results == [.i32]
            else {
                let wanted = name == "_initialize" ? "()" : "() or () -> i32"
                throw FunctionError(.invalidModule, exportMessage(module, name, wanted))
            }
        }
        for wanted in module.imports {
            switch wanted.module {
            case self.module: try checkGrant(wanted.name, revision.grants)
            case WASIPreview1.module: try WASIPreview1.check(wanted.name, for: revision)
            default: break
            }
        }
    }

    private static func exportMessage(_ module: WasmModule, _ name: String, _ wanted: String) -> String {
        if let signature = module.function(name) {
            return "the module exports `\(name)` as \(signature); \(wanted) is expected"
        }
        return "the module exports no function `\(name)`; \(wanted) is expected"
    }

    /// What each import needs. Those that are not named need nothing.
    private static func checkGrant(_ name: String, _ grants: FunctionGrants) throws(FunctionError) {
        let (isGranted, grant): (Bool, String) =
            switch name {
            case "state_get", "state_set", "state_delete", "state_bulk_get", "state_transaction": (!grants.state.isEmpty, "state")
            case "publish": (!grants.pubsub.isEmpty, "pubsub")
            case "invoke": (!grants.invoke.isEmpty, "invoke")
            case "binding": (!grants.bindings.isEmpty, "bindings")
            case "secret_get": (!grants.secrets.isEmpty, "secrets")
            case "configuration_get": (!grants.configuration.isEmpty, "configuration")
            case "lock", "unlock": (!grants.locks.isEmpty, "locks")
            case "time", "monotonic", "sleep": (grants.clock, "clock")
            case "random": (grants.random, "random")
            default: (true, "")
            }
        guard isGranted else {
            throw FunctionError(.missingImport, "the module imports \(module).\(name), which needs the grant `\(grant)`")
        }
    }

    static func hasDestroy(_ module: WasmModule) -> Bool { module.function("destroy") != nil }
}
