import NIOCore

/// How often a call to another runtime is made again when that runtime did nothing with it.
public struct InvocationRetry: Sendable, Equatable {
    public var retriesAtMost: Int
    public var interval: TimeAmount

    public init(retriesAtMost: Int, interval: TimeAmount) {
        self.retriesAtMost = retriesAtMost
        self.interval = interval
    }

    /// What holds without a policy (`DaprBuiltInServiceRetries`, section 1.3 of the Dapr surface).
    public static let builtIn = InvocationRetry(retriesAtMost: 3, interval: .seconds(1))
    public static let never = InvocationRetry(retriesAtMost: 0, interval: .zero)
}
