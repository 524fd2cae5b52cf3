import Logging
import MechaCore
import MechaInvocation
import MechaTelemetry
import NIOCore
import Synchronization

@testable import MechaMessaging

/// A broker that keeps what is published, refuses when told to, and hands over what a test gives it.
final class FakeBroker: PubSub {
    struct State {
        var published: [OutgoingMessage] = []
        var isRefusing = false
        var handlers: [String: MessageHandler] = [:]
        var requests: [SubscriptionRequest] = []
    }

    let state = Mutex(State())
    let features: PubSubFeatures

    init(features: PubSubFeatures = []) { self.features = features }

    var published: [OutgoingMessage] { state.withLock { $0.published } }
    var status: ComponentStatus { .ready }

    func start() async throws {}
    func close() async {}

    func refuse(_ isRefusing: Bool) { state.withLock { $0.isRefusing = isRefusing } }

    func publish(_ message: OutgoingMessage) async throws {
        try state.withLock { state in
            if state.isRefusing { throw CapabilityError(.unavailable, "refused by the test") }
            state.published.append(message)
        }
    }

    func subscribe(_ request: SubscriptionRequest, _ handler: @escaping MessageHandler) async throws -> any MessageFeed {
        state.withLock { state in
            state.handlers[request.topic] = handler
            state.requests.append(request)
        }
        return FakeFeed()
    }

    func hand(_ message: IncomingMessage) async -> MessageOutcome? {
        let handler = state.withLock { $0.handlers[message.topic] }
        return await handler?(message)
    }
}

struct FakeFeed: MessageFeed {
    func pause() async {}
    func resume() async {}
    func close() async {}
}

/// A subscriber that notes what it gets and answers by a function of how many it got so far.
final class FakeTarget: EventTarget {
    private let state = Mutex<(events: [TopicEvent], bulks: [BulkTopicEvent])>(([], []))
    private let answer: @Sendable (Int, TopicEvent) throws -> EventAnswer

    init(_ answer: @escaping @Sendable (Int, TopicEvent) throws -> EventAnswer = { _, _ in .success }) { self.answer = answer }

    var events: [TopicEvent] { state.withLock { $0.events } }
    var bulks: [BulkTopicEvent] { state.withLock { $0.bulks } }

    func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer {
        let count = state.withLock { state in
            state.events.append(event)
            return state.events.count
        }
        do {
            return try answer(count, event)
        } catch {
            throw InvocationError(.connectionLost, "lost by the test")
        }
    }

    func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer] {
        state.withLock { $0.bulks.append(events) }
        return events.entries.map { $0.metadata["fails"] == nil ? .success : .retry(.other) }
    }
}

/// A clock on which pauses take no time.
struct HastyClock: MechaClock {
    func now() -> Timestamp { Timestamp(seconds: 1_800_000_000) }
    func monotonicNanoseconds() -> UInt64 { 1 }
    func sleep(for duration: Duration) async throws { await Task.yield() }
}

func context(clock: any MechaClock = HastyClock()) -> DeliveryContext {
    let metrics = RuntimeMetrics(appID: "app")
    return DeliveryContext(
        appID: "app", clock: clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, tracer: .off,
        metrics: metrics.pubsub, bindingMetrics: metrics.inputBindings)
}

func binding(_ broker: FakeBroker, _ metadata: [String: String] = [:], namespace: String = "") -> PubSubBinding {
    PubSubBinding(
        name: "bus", broker: broker, metadata: ComponentMetadata(metadata), appID: "app", namespace: namespace,
        isNamespaced: !namespace.isEmpty)
}

func event(_ id: String = "1", _ more: String = "") -> ByteBuffer {
    ByteBuffer(string: #"{"specversion":"1.0","id":"\#(id)","source":"s","type":"t","data":{}\#(more)}"#)
}
