import MechaManifest

/// What an app subscribed to, in whichever of the four forms.
public struct TopicSubscription: Sendable, Hashable {
    /// How the subscription came about.
    public enum Origin: String, Sendable {
        case declarative = "DECLARATIVE"
        case programmatic = "PROGRAMMATIC"
        case streaming = "STREAMING"
    }

    /// Events for which `match` holds go to `path`.
    public struct Rule: Sendable, Hashable {
        /// A CEL expression over `event`; empty matches everything.
        public var match: String
        public var path: String

        public init(match: String, path: String) {
            self.match = match
            self.path = path
        }
    }

    /// Delivery of many events in one call.
    public struct Bulk: Sendable, Hashable {
        public var maximumMessages: Int
        /// How long messages may wait for others.
        public var maximumWait: Duration

        public static let defaultMaximumMessages = 100
        public static let defaultMaximumWait: Duration = .milliseconds(1_000)

        /// Zero or less stands for the default.
        public init(maximumMessages: Int = 0, maximumWaitMilliseconds: Int = 0) {
            self.maximumMessages = maximumMessages > 0 ? min(maximumMessages, 100_000) : Self.defaultMaximumMessages
            maximumWait =
                maximumWaitMilliseconds > 0 ? .milliseconds(min(maximumWaitMilliseconds, 86_400_000)) : Self.defaultMaximumWait
        }
    }

    public var pubsub: String
    public var topic: String
    /// Tried in order.
    public var rules: [Rule]
    /// Path for events that no rule takes; nil drops them.
    public var defaultPath: String?
    public var metadata: [String: String]
    public var deadLetterTopic: String?
    /// Nil when events are delivered one by one.
    public var bulk: Bulk?
    public var origin: Origin

    public init(
        pubsub: String, topic: String, rules: [Rule] = [], defaultPath: String? = nil, metadata: [String: String] = [:],
        deadLetterTopic: String? = nil, bulk: Bulk? = nil, origin: Origin
    ) {
        self.pubsub = pubsub
        self.topic = topic
        self.rules = rules
        self.defaultPath = defaultPath.flatMap { $0.isEmpty ? nil : $0 }
        self.metadata = metadata
        self.deadLetterTopic = deadLetterTopic.flatMap { $0.isEmpty ? nil : $0 }
        self.bulk = bulk
        self.origin = origin
    }

    public init(_ spec: SubscriptionSpec) {
        self.init(
            pubsub: spec.pubsubName, topic: spec.topic, rules: spec.rules.map { Rule(match: $0.match, path: $0.path) },
            defaultPath: spec.defaultRoute, metadata: spec.metadata, deadLetterTopic: spec.deadLetterTopic,
            bulk: spec.bulk.map {
                Bulk(maximumMessages: $0.maximumMessages, maximumWaitMilliseconds: Int($0.maximumWait / .milliseconds(1)))
            }, origin: .declarative)
    }

    /// Whether any event could go anywhere.
    public var hasRoute: Bool { !rules.isEmpty || defaultPath != nil }
}
