import MechaCore
import NIOCore

/// Reads what an HTTP app answers to `GET /dapr/subscribe`: an array of
/// `{pubsubname, topic, route | routes, metadata?, deadLetterTopic?, bulkSubscribe?}`.
enum SubscriptionList {
    static func decode(_ text: ByteBuffer) throws -> [TopicSubscription] {
        let document = try JSON.parse(text)
        if document == .null { return [] }
        guard let elements = document.arrayValue else {
            throw CapabilityError(.invalidArgument, "expected an array of subscriptions, got \(document.kindName)")
        }
        guard elements.count <= EventLimits.subscriptionsPerApp else {
            throw CapabilityError(.resourceExhausted, "more than \(EventLimits.subscriptionsPerApp) subscriptions")
        }
        return try elements.enumerated().map { try subscription($1, at: "[\($0)]") }.filter(\.hasRoute)
    }

    private static func subscription(_ element: JSON, at place: String) throws -> TopicSubscription {
        guard element.objectValue != nil else {
            throw CapabilityError(.invalidArgument, "\(place): expected an object, got \(element.kindName)")
        }
        func text(_ name: String) throws -> String? {
            guard let value = element[name], value != .null else { return nil }
            guard let text = value.stringValue else {
                throw CapabilityError(.invalidArgument, "\(place).\(name): expected a string, got \(value.kindName)")
            }
            return text
        }
        var rules: [TopicSubscription.Rule] = []
        var defaultPath = try text("route")
        if let routes = element["routes"], routes != .null {
            for (index, rule) in (routes["rules"]?.arrayValue ?? []).enumerated() {
                guard let path = rule["path"]?.stringValue, !path.isEmpty else {
                    throw CapabilityError(.invalidArgument, "\(place).routes.rules[\(index)].path: expected a path")
                }
                rules.append(.init(match: rule["match"]?.stringValue ?? "", path: path))
            }
            if let path = routes["default"]?.stringValue, !path.isEmpty { defaultPath = path }
        }
        guard let pubsub = try text("pubsubname"), let topic = try text("topic") else {
            throw CapabilityError(.invalidArgument, "\(place): expected pubsubname and topic")
        }
        return TopicSubscription(
            pubsub: pubsub, topic: topic, rules: rules, defaultPath: defaultPath, metadata: metadata(element["metadata"]),
            deadLetterTopic: try text("deadLetterTopic"), bulk: bulk(element["bulkSubscribe"]), origin: .programmatic)
    }

    /// Values that are no strings are taken as their text.
    private static func metadata(_ value: JSON?) -> [String: String] {
        var metadata: [String: String] = [:]
        for member in value?.objectValue ?? [] { metadata[member.name] = member.value.stringValue ?? member.value.text }
        return metadata
    }

    private static func bulk(_ value: JSON?) -> TopicSubscription.Bulk? {
        guard let value, value["enabled"]?.boolValue == true else { return nil }
        return .init(
            maximumMessages: value["maxMessagesCount"]?.intValue ?? 0, maximumWaitMilliseconds: value["maxAwaitDurationMs"]?.intValue ?? 0)
    }
}
