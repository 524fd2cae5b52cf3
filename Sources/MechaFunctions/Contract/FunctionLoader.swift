import MechaHost

/// Makes revisions ready to run. What stands behind it is an engine; the lifecycle knows this much of it only.
public protocol FunctionLoader: Sendable {
    /// Compiles (or takes from the cache) and verifies `module`, and runs its `start`.
    ///
    /// - Parameter runtime: the app that the function is; its host calls go through it.
    /// - Throws: a ``FunctionError`` that says what is wrong with the module, with the import's or export's name.
    func load(_ revision: FunctionRevision, module: [UInt8], runtime: AppRuntime) async throws(FunctionError) -> any LoadedFunction

    /// What ABI a module speaks by its exports, for those that did not say it.
    func detect(_ module: [UInt8]) throws(FunctionError) -> FunctionABI
}
