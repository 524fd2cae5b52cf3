/// A declared subscription of an app to a topic; both `v1alpha1` (one `route`) and `v2alpha1` (`routes`).
public struct SubscriptionSpec: ResourceSpec {
    public static let kind = "Subscription"

    public let pubsubName: String
    public let topic: String
    /// Tried in order; the first whose condition holds gets the event.
    public let rules: [Rule]
    /// Path for events that no rule takes; nil drops them.
    public let defaultRoute: String?
    public let metadata: [String: String]
    public let deadLetterTopic: String?
    /// Nil when events are delivered one by one.
    public let bulk: Bulk?

    /// Events for which `match` holds go to `path`.
    public struct Rule: Sendable, Equatable {
        /// A CEL expression over `event`.
        public let match: String
        public let path: String
    }

    /// Delivery of many events in one call (`bulkSubscribe`).
    public struct Bulk: Sendable, Equatable {
        public let maximumMessages: Int
        /// How long messages may wait for others.
        public let maximumWait: Duration
    }
}

extension SubscriptionSpec: DecodableSpec {
    static let apiVersions = ["dapr.io/v1alpha1", "dapr.io/v2alpha1"]
    static let envelope: ResourceEnvelope = [.scopes]

    init(_ fields: FieldReader, apiVersion: String) {
        pubsubName = fields.required("pubsubname", expected: "the name of a pub/sub component")
        topic = fields.required("topic")
        metadata = fields.stringMap("metadata")
        deadLetterTopic = fields.string("deadLetterTopic").flatMap { $0.isEmpty ? nil : $0 }
        bulk = fields.object("bulkSubscribe") { Bulk($0) } ?? nil
        if apiVersion == "dapr.io/v1alpha1" {
            rules = []
            defaultRoute = fields.required("route", expected: "the path that events are posted to")
        } else {
            let routes = fields.object("routes") { routes in
                (rules: routes.list("rules") { Rule($0) }, fallback: routes.string("default"))
            }
            rules = routes?.rules ?? []
            defaultRoute = routes?.fallback.flatMap { $0.isEmpty ? nil : $0 }
            if rules.isEmpty, defaultRoute == nil {
                fields.error("routes", "name no path", expected: "rules, a default, or both")
            }
        }
    }
}

extension SubscriptionSpec.Rule {
    init(_ fields: FieldReader) {
        match = fields.required("match", expected: "a CEL expression over event")
        path = fields.required("path")
    }
}

extension SubscriptionSpec.Bulk {
    /// Nil when it is not enabled.
    init?(_ fields: FieldReader) {
        let isEnabled = fields.bool("enabled", default: false)
        maximumMessages = fields.integer("maxMessagesCount", in: 1...100_000) ?? 100
        maximumWait = .milliseconds(fields.integer("maxAwaitDurationMs", in: 1...86_400_000) ?? 1_000)
        if !isEnabled { return nil }
    }
}
