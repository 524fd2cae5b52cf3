import MechaCore
import NIOCore
import Synchronization

/// A running case: its names, its feeds, and the words that cases are written in.
final class PubSubCase: Sendable {
    let profile: PubSubProfile
    let broker: any PubSub
    private let prefix: String
    private let feeds = Mutex<[any MessageFeed]>([])
    private let components = Mutex<[any PubSub]>([])
    private let gates = Mutex<[PubSubGate]>([])

    init(_ profile: PubSubProfile, _ broker: any PubSub, prefix: String) {
        self.profile = profile
        self.broker = broker
        self.prefix = prefix
    }

    /// Ends everything that the case began; a case that failed may have left handlers at a gate.
    func close() async {
        for gate in gates.withLock({ $0 }) { gate.open() }
        for feed in feeds.withLock({ $0 }) { await feed.close() }
        for component in components.withLock({ $0 }) { await component.close() }
    }

    // MARK: - Names

    /// A topic of the case.
    func topic(_ levels: String...) -> String { profile.topic([prefix] + levels) }

    func pattern(_ levels: String...) -> String { profile.pattern([prefix] + levels) }

    func group(_ name: String = "g") -> String { "\(prefix)-\(name)" }

    func gate() -> PubSubGate {
        let gate = PubSubGate()
        gates.withLock { $0.append(gate) }
        return gate
    }

    /// Another component on the same broker.
    func connect() async throws -> any PubSub {
        let component = try await profile.connect()
        components.withLock { $0.append(component) }
        return component
    }

    // MARK: - Publishing

    func message(_ topic: String, _ text: String, _ metadata: [String: String] = [:]) -> OutgoingMessage {
        OutgoingMessage(topic: topic, data: ByteBuffer(string: text), contentType: "text/plain", metadata: metadata)
    }

    func publish(_ topic: String, _ text: String, _ metadata: [String: String] = [:], on broker: (any PubSub)? = nil) async throws {
        try await (broker ?? self.broker).publish(message(topic, text, metadata))
    }

    // MARK: - Subscribing

    /// Subscribes and returns when messages published from now on are for the group.
    @discardableResult
    func subscribe(
        _ topic: String, group name: String = "g", max: Int = 100, ordersByKey: Bool = false, probing: String? = nil,
        on broker: (any PubSub)? = nil, _ inbox: PubSubInbox
    ) async throws -> any MessageFeed {
        let broker = broker ?? self.broker
        let request = SubscriptionRequest(
            topic: topic, consumerGroup: group(name), maximumInFlight: max, ordersByKey: ordersByKey)
        let feed = try await broker.subscribe(request) { await inbox.take($0) }
        feeds.withLock { $0.append(feed) }
        guard !profile.confirmsSubscriptions else { return feed }
        let before = inbox.probes
        try await eventually("a probe arrives") {
            try await publish(probing ?? topic, PubSubInbox.probe + RandomID.uuid(), on: broker)
            try await Task.sleep(for: .milliseconds(100))
            return inbox.probes > before
        }
        return feed
    }

    // MARK: - Waiting

    /// Waits until `condition` holds; what should become true is said in words.
    func eventually(_ what: @autoclosure () -> String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + profile.patience
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw Mismatch(problem: "not within \(profile.patience): \(what())") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Waits until the inbox has had every one of `texts`.
    func arrives(_ texts: [String], in inbox: PubSubInbox) async throws {
        let wanted = Set(texts)
        try await eventually("\(wanted.subtracting(inbox.texts).sorted().prefix(5)) of \(wanted.count) arrive") {
            inbox.count >= wanted.count && wanted.isSubset(of: inbox.texts)
        }
    }

    /// Waits a little, for things that should not happen.
    func settle() async throws { try await Task.sleep(for: .milliseconds(150)) }

    func expectRefusal(_ code: CapabilityError.Code, _ what: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as CapabilityError {
            return try checkEqual(error.code, code, "the code of the error for \(what)")
        }
        throw Mismatch(problem: "\(what) was accepted")
    }

    func numbers(_ count: Int) -> [String] { (0..<count).map { "message \($0)" } }
}
