import MechaCore

/// What the suite has to know of a broker.
public struct PubSubProfile: Sendable {
    /// Makes and starts a component. Every one that it makes talks to the same broker.
    public var connect: @Sendable () async throws -> any PubSub
    /// Lets a little more than the given time pass for the broker: by waiting, or by moving its clock.
    public var letPass: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0 + .milliseconds(100)) }
    /// A group goes on to gather messages while it has no consumer, within one component.
    public var keepsGroups = true
    /// The same over the end of the component: a new one continues where the old one was.
    public var isDurable = true
    /// A group gets what was published before it appeared, when the topic had no group at all.
    public var keepsForFutureGroups = false
    /// ``PubSub/subscribe(_:_:)`` returns when the subscription stands. Elsewhere the suite publishes probes until one arrives.
    public var confirmsSubscriptions = true
    /// Consumers of two components share a group.
    public var sharesGroupsAmongComponents = true
    /// Delivers in the order of publication to a consumer that has one message in flight.
    public var keepsOrder = true
    /// Hands over ``IncomingMessage/attempt``.
    public var countsAttempts = true
    public var carriesContentType = true
    public var carriesMetadata = true
    /// Topics may be any text; otherwise letters, digits, `-`, `_` and `.` only.
    public var takesAnyTopic = true
    /// Makes a topic of the broker's syntax of levels: `["a", "b"]` as `a.b` or `a/b`.
    public var topic: @Sendable (_ levels: [String]) -> String = { $0.joined(separator: ".") }
    /// Makes a pattern that takes every topic of one level more than `levels`.
    public var pattern: @Sendable (_ levels: [String]) -> String = { ($0 + ["*"]).joined(separator: ".") }
    public var largestMessageBytes = 1 << 20
    /// A case that waits longer for something has failed.
    public var patience: Duration = .seconds(30)

    public init(connect: @escaping @Sendable () async throws -> any PubSub) { self.connect = connect }
}
