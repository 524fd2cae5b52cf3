import MechaCore
import NIOCore
import Synchronization

/// Records what a feed hands over and answers by a rule.
public final class PubSubInbox: Sendable {
    /// Begins the body of messages that the suite sends to find out whether a subscription stands.
    static let probe = "probe of the suite "

    private struct State {
        var messages: [IncomingMessage] = []
        var acknowledged: [IncomingMessage] = []
        var probes = 0
        var inFlight = 0
        var mostInFlight = 0
    }

    private let state = Mutex(State())
    private let rule: @Sendable (IncomingMessage) async -> MessageOutcome

    public init(_ rule: @escaping @Sendable (IncomingMessage) async -> MessageOutcome = { _ in .acknowledge }) { self.rule = rule }

    /// What the feed hands messages to.
    public func take(_ message: IncomingMessage) async -> MessageOutcome {
        if text(message).hasPrefix(Self.probe) {
            state.withLock { $0.probes += 1 }
            return .acknowledge
        }
        state.withLock { state in
            state.messages.append(message)
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
        }
        let outcome = await rule(message)
        state.withLock { state in
            state.inFlight -= 1
            if outcome == .acknowledge { state.acknowledged.append(message) }
        }
        return outcome
    }

    /// Everything handed over, in order.
    public var messages: [IncomingMessage] { state.withLock { $0.messages } }
    public var texts: [String] { messages.map(text) }
    public var acknowledged: [String] { state.withLock { $0.acknowledged }.map(text) }
    public var count: Int { state.withLock { $0.messages.count } }
    public var inFlight: Int { state.withLock { $0.inFlight } }
    public var mostInFlight: Int { state.withLock { $0.mostInFlight } }
    var probes: Int { state.withLock { $0.probes } }
}

func text(_ message: IncomingMessage) -> String { String(buffer: message.data) }
