/// What calls of a function used. Adds up; suited for billing.
public struct FunctionUsage: Sendable, Hashable, Codable {
    public var calls: UInt64 = 0
    public var failures: UInt64 = 0
    public var cpuNanoseconds: UInt64 = 0
    /// 0 where fuel is not counted.
    public var fuel: UInt64 = 0
    public var peakMemoryBytes: UInt64 = 0
    /// Memory times time in use: MiB x milliseconds.
    public var memoryMilliseconds: UInt64 = 0
    public var requestBytes: UInt64 = 0
    public var responseBytes: UInt64 = 0

    public init() {}

    public static func += (total: inout FunctionUsage, more: FunctionUsage) {
        total.calls += more.calls
        total.failures += more.failures
        total.cpuNanoseconds += more.cpuNanoseconds
        total.fuel += more.fuel
        total.peakMemoryBytes = max(total.peakMemoryBytes, more.peakMemoryBytes)
        total.memoryMilliseconds += more.memoryMilliseconds
        total.requestBytes += more.requestBytes
        total.responseBytes += more.responseBytes
    }
}
