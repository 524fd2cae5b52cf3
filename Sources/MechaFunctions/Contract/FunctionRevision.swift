/// One immutable version of a function: its code by digest, and everything that decides how it runs.
public struct FunctionRevision: Sendable, Hashable, Codable {
    public var function: String
    /// Counts from 1 for each function.
    public var number: Int
    /// SHA-256 of the module's bytes, in lower-case hexadecimal.
    public var digest: String
    public var abi: FunctionABI
    /// Variables that the guest sees, beside those of ``FunctionGrants/env``.
    public var environment: [String: String] = [:]
    /// Text that is handed to the guest at its start (proxy-wasm: the plugin's configuration).
    public var configuration = ""
    public var grants = FunctionGrants()
    public var limits = FunctionLimits()
    public var scaling = FunctionScaling()

    public init(function: String, number: Int, digest: String, abi: FunctionABI) {
        self.function = function
        self.number = number
        self.digest = digest
        self.abi = abi
    }
}
