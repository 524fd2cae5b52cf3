/// How the runtime and a module talk to each other.
public enum FunctionABI: String, Sendable, Hashable, Codable, CaseIterable {
    /// Mecha's own small one (docs/function-abi.md): exports `handle`, imports of the module `mecha`.
    case mecha
    /// proxy-wasm 0.1.0, 0.2.0 and 0.2.1 with Layotto's additions.
    case proxyWasm = "proxy-wasm"
    /// http-wasm's HTTP handler ABI, which filters are written for.
    case httpWasm = "http-wasm"
    /// A component of the world `mecha:function`.
    case component
    /// A component that exports `wasi:http/incoming-handler`.
    case wasiHTTP = "wasi-http"
}
