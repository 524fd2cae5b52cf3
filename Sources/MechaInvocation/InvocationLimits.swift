import NIOCore

/// The bounds of invocation, with their defaults.
public struct InvocationLimits: Sendable {
    /// Calls that wait for a turn at one app beyond its concurrency. Beyond: ``InvocationError/Code/overloaded``.
    public var waitingCallsPerApp = 10_000
    /// A body that must be in memory as a whole (calls that change protocol).
    public var collectedBodyBytes = 4 << 20
    /// A request's body that is kept for further attempts under a policy; a longer one is sent once.
    public var replayedBodyBytes = 1 << 20
    /// How long the addresses of an app are believed.
    public var addressLifetime: TimeAmount = .seconds(20)
    /// Apps whose addresses a loop remembers.
    public var rememberedApps = 10_000
    /// Asking for an app that nobody has announced yet.
    public var resolveAttempts = 5
    public var resolveInterval: TimeAmount = .milliseconds(100)

    public init() {}
}
