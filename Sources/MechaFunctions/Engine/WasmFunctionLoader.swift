import MechaHost

/// Runs functions as WebAssembly in this process.
///
/// Making one costs nothing: the engine's library is loaded with the first function. One serves all apps of a process.
public final class WasmFunctionLoader: FunctionLoader {
    private let options: WasmFunctionOptions

    public init(_ options: WasmFunctionOptions) {
        self.options = options
    }

    public func load(
        _ revision: FunctionRevision, module: [UInt8], runtime: AppRuntime
    ) async throws(FunctionError) -> any LoadedFunction {
        throw FunctionError(.engineUnavailable, "the WebAssembly engine is not built in")
    }

    public func detect(_ module: [UInt8]) throws(FunctionError) -> FunctionABI {
        throw FunctionError(.engineUnavailable, "the WebAssembly engine is not built in")
    }

    /// Frees the engine. Functions are closed before.
    public func close() async {}
}
