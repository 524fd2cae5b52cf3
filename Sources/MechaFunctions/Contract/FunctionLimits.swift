/// What one function may use. Breaking a limit gives the caller a clear error and leaves the neighbours alone.
public struct FunctionLimits: Sendable, Hashable, Codable {
    /// Linear memory of one instance, in bytes.
    public var memoryBytes = 64 << 20
    /// Processor time of one call, in milliseconds.
    public var cpuMilliseconds = 1_000
    /// Time of one call from its start to its answer, waiting included, in milliseconds.
    public var wallMilliseconds = 30_000
    /// Fuel of one call, about one for each instruction of the guest; 0 for as much as it likes.
    public var fuel = 0
    /// Whether fuel is counted also where it is not limited. Counting makes guests slower.
    public var isMeteredExactly = false
    /// The wasm stack, in bytes.
    public var stackBytes = 256 << 10
    public var requestBytes = 4 << 20
    public var responseBytes = 4 << 20
    /// Calls of the host that leave the instance (state, publish, invoke, ...), for each call of the function.
    public var outboundCalls = 1_000
    /// What one call may write to the log, in bytes.
    public var logBytes = 64 << 10
    /// Calls that run at the same time; more wait.
    public var concurrency = 100
    /// Calls that may wait for an instance; more are refused with 503.
    public var queue = 1_000

    public init() {}

    var metersFuel: Bool { fuel > 0 || isMeteredExactly }
}
