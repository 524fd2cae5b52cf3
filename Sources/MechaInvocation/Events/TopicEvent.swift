import MechaCore
import MechaResiliency
import MechaTelemetry
import NIOCore

/// One event on its way to a subscriber: one object, since it would be copied into every frame on the way.
public final class TopicEvent: Sendable {
    public let pubsub: String
    public let topic: String
    public let route: EventRoute
    public let event: CloudEvent
    /// Message metadata, given to the app as headers.
    public let metadata: [String: String]
    public let trace: TraceContext?

    public init(
        pubsub: String, topic: String, route: EventRoute, event: CloudEvent, metadata: [String: String] = [:],
        trace: TraceContext? = nil
    ) {
        self.pubsub = pubsub
        self.topic = topic
        self.route = route
        self.event = event
        self.metadata = metadata
        self.trace = trace
    }

    /// The same event in another trace.
    public func following(_ trace: TraceContext) -> TopicEvent {
        TopicEvent(pubsub: pubsub, topic: topic, route: route, event: event, metadata: metadata, trace: trace)
    }
}

/// Where in the app an event goes.
public struct EventRoute: Sendable, Hashable {
    /// As the subscription says it.
    public let path: String
    /// As an HTTP request target.
    public let method: MethodPath

    public init(_ path: String) throws(InvocationError) {
        self.path = path
        method = try MethodPath(target: path)
    }
}

/// How a subscriber took an event.
public enum EventAnswer: Sendable, Hashable {
    case success
    /// Never to be delivered again; goes to the dead letter topic where there is one.
    case drop
    /// To be delivered again.
    case retry(CallFailure)
}

/// Many events in one call (`bulkSubscribe`).
public struct BulkTopicEvent: Sendable {
    public struct Entry: Sendable {
        public var entryID: String
        public var content: Content
        public var metadata: [String: String]

        public enum Content: Sendable {
            case event(CloudEvent)
            /// Of a subscription with `rawPayload`.
            case raw(ByteBuffer)
        }

        public init(entryID: String, content: Content, metadata: [String: String]) {
            self.entryID = entryID
            self.content = content
            self.metadata = metadata
        }
    }

    public var id: String
    public var pubsub: String
    public var topic: String
    public var route: EventRoute
    public var entries: [Entry]
    public var metadata: [String: String]

    public static let type = "com.dapr.event.sent.bulk"

    public init(
        id: String, pubsub: String, topic: String, route: EventRoute, entries: [Entry], metadata: [String: String] = [:]
    ) {
        self.id = id
        self.pubsub = pubsub
        self.topic = topic
        self.route = route
        self.entries = entries
        self.metadata = metadata
    }
}

/// Takes events: an app over its channel, or the client of a subscription stream.
public protocol EventTarget: Sendable {
    /// Delivers one event. Throws when it could not be carried there or back; what the subscriber said is an answer.
    func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer

    /// Delivers many events; answers one per entry, in the order of the entries.
    func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer]
}
