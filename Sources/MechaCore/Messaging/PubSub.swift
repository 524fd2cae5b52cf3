import NIOCore

/// Publish/subscribe over a broker. Message bodies are opaque here: what an event envelope is, which route
/// of the app gets it and what becomes of a poisonous one is the delivery engine's business.
///
/// The conformance suite in MechaTestKit is the executable form of this contract.
public protocol PubSub: Component {
    var features: PubSubFeatures { get }

    /// Returns when the broker has confirmed the message.
    func publish(_ message: OutgoingMessage) async throws

    /// Publishes several messages of one topic; answers one outcome per message in the order given, nil for
    /// confirmed. Throws only when nothing at all could be tried.
    func publish(_ messages: [OutgoingMessage]) async throws -> [(any Error)?]

    /// Begins to hand over the messages of a topic: those published after the return, where the broker was within
    /// reach, and those that it keeps for the group. Every message is handed over until `handler` has
    /// answered ``MessageOutcome/acknowledge``, across restarts of broker and runtime where the broker is
    /// durable: at least once.
    ///
    /// A broker that is away is no error: the feed waits for it and begins then, and goes on by itself
    /// after every loss. Throws for what waiting cannot mend (metadata that makes no sense, a wildcard that the
    /// broker cannot do).
    func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed
}

extension PubSub {
    /// For brokers without a batch of their own: all at once, so that a driver can pipeline them.
    public func publish(_ messages: [OutgoingMessage]) async throws -> [(any Error)?] {
        await withTaskGroup(of: (Int, (any Error)?).self) { group in
            for (index, message) in messages.enumerated() {
                group.addTask {
                    do {
                        try await publish(message)
                        return (index, nil)
                    } catch {
                        return (index, error)
                    }
                }
            }
            var outcomes = [(any Error)?](repeating: nil, count: messages.count)
            for await (index, failure) in group { outcomes[index] = failure }
            return outcomes
        }
    }
}

/// What takes a message. It may be called from any task; calls of one feed may overlap up to
/// ``SubscriptionRequest/maximumInFlight``.
public typealias MessageHandler = @Sendable (IncomingMessage) async -> MessageOutcome

/// What a broker does with a message after its handler.
public enum MessageOutcome: Sendable, Hashable {
    /// Done with: never handed over again.
    case acknowledge
    /// Not done: hand it over again, by the broker's own rule (at once, after a pause, to another consumer).
    case redeliver
}

/// What a broker can do by itself.
public struct PubSubFeatures: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Honours ``OutgoingMessage/timeToLive``; elsewhere the engine puts an expiry into the envelope.
    public static let messageTTL = PubSubFeatures(rawValue: 1)
    /// A subscription's topic may be a pattern of the broker's own syntax.
    public static let subscribeWildcards = PubSubFeatures(rawValue: 2)
    /// Sends and receives many messages in one exchange.
    public static let bulk = PubSubFeatures(rawValue: 4)
    /// Honours ``OutgoingMessage/delay``; elsewhere such a message is refused.
    public static let delayedDelivery = PubSubFeatures(rawValue: 8)
    /// Honours ``SubscriptionRequest/ordersByKey``.
    public static let keyOrder = PubSubFeatures(rawValue: 16)

    /// The names that the metadata API reports: Dapr's three, and ours.
    public var names: [String] {
        let all: [(PubSubFeatures, String)] = [
            (.messageTTL, "MESSAGE_TTL"), (.subscribeWildcards, "SUBSCRIBE_WILDCARDS"), (.bulk, "BULK_PUBSUB"),
            (.delayedDelivery, "DELAYED_DELIVERY"), (.keyOrder, "KEY_ORDER"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}
