/// How the process runs WebAssembly.
public struct WasmFunctionOptions: Sendable {
    /// How machine code is made.
    public enum Compiler: String, Sendable, CaseIterable {
        /// Slow to compile, fast to run.
        case optimizing
        /// Fast to compile, slower to run.
        case baseline
        /// No machine code is made of functions at all.
        case interpreter
    }

    /// Folder for compiled modules, made when it is needed, readable by its owner only.
    public var cacheDirectory: String
    /// The engine's shared library; nil looks in `MECHA_WASMTIME`, else beside the executable, in
    /// `../lib/mecha` and in the build's `wasmtime`.
    public var libraryPath: String?
    public var compiler = Compiler.optimizing
    /// Instances that may live at the same time in this process.
    public var maximumInstances = 4_000
    /// Calls that may wait for one of them; more are refused.
    public var maximumInstanceQueue = 4_000
    /// Memory that one instance may be granted at most, in bytes.
    public var maximumMemoryBytes = 1 << 30

    public init(cacheDirectory: String) {
        self.cacheDirectory = cacheDirectory
    }
}
