/// How an engine compiles, and what it holds at most.
package struct WasmEngineOptions: Sendable, Hashable {
    package enum Compiler: String, Sendable, CaseIterable {
        /// Machine code, well optimized: slow to make, fast to run.
        case optimizing
        /// Machine code in one pass: fast to make, slower to run.
        case baseline
        /// No machine code is made of guests at all.
        case interpreter
    }

    package var compiler = Compiler.optimizing
    /// Instances that may live at once.
    package var maximumInstances = 4_000
    /// Linear memory that an instance may have at most, in bytes; instances may be limited further.
    package var maximumMemoryBytes = 1 << 30
    /// The guest's stack, in bytes.
    package var stackBytes = 256 << 10
    /// Whether every instruction of guests is counted (``WasmBudget/fuel``), which costs speed.
    package var metersFuel = false
    /// Whether the engine is for components: an instance has many core instances in it then.
    package var runsComponents = false
    /// Entries that a table may have.
    package var maximumTableElements = 100_000

    package init() {}
}
