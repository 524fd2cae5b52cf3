import MechaCore
import MechaExpressions
import MechaInvocation

/// Which path of the app an event goes to: rules in order, then the default.
struct EventRoutes: Sendable {
    private let rules: [(condition: CELProgram?, route: EventRoute)]
    private let fallback: EventRoute?

    /// Throws ``CapabilityError`` that names the rule which cannot be used.
    init(_ subscription: TopicSubscription) throws {
        rules = try subscription.rules.enumerated().map { index, rule in
            do {
                let isUnconditional = rule.match.allSatisfy(\.isWhitespace)
                return (isUnconditional ? nil : try CELProgram(source: rule.match, variables: ["event"]), try EventRoute(rule.path))
            } catch {
                throw CapabilityError(
                    .invalidArgument, "rule \(index + 1) of the subscription to \(subscription.pubsub)/\(subscription.topic): \(error)")
            }
        }
        fallback = try subscription.defaultPath.map { try EventRoute($0) }
    }

    /// Nil when no rule takes the event and there is no default. A rule that fails on this event (such as by
    /// asking for an attribute that it does not have) does not match.
    func route(for event: CloudEvent) throws -> EventRoute? {
        if rules.isEmpty { return fallback }
        let variable = CELValue(event.json)
        for rule in rules {
            guard let condition = rule.condition else { return rule.route }
            if (try? condition.isTrue(["event": variable])) == true { return rule.route }
        }
        return fallback
    }
}
