import MechaHost
import MechaInvocation
import MechaManifest

extension AppTriggers {
    /// What the app of a function must have for its triggers. Requests of HTTP and gRPC are the listener's matter, changes
    /// of state ``StateTriggers``'s.
    init(_ triggers: [FunctionTrigger], of function: String) {
        self.init()
        for (index, trigger) in triggers.enumerated() {
            switch trigger.event {
            case .http, .grpc, .state: break
            case .cron(let schedule, let zone, let route):
                var metadata = [
                    NamedValue("schedule", .text(schedule)), NamedValue("route", .text(route)), NamedValue("direction", .text("input")),
                ]
                if let zone { metadata.append(NamedValue("timezone", .text(zone))) }
                components.append(
                    ComponentResource(
                        name: Self.cronName(index), spec: ComponentSpec(type: "bindings.cron", metadata: metadata, ignoresErrors: true),
                        source: SourceLocation(file: "triggers of the function \(function)")))
            case .topic(let pubsub, let topic, let route, let dead):
                subscriptions.append(
                    TopicSubscription(pubsub: pubsub, topic: topic, defaultPath: route, deadLetterTopic: dead, origin: .declarative))
            case .binding(let name): bindings.insert(name)
            }
        }
    }

    /// The name of the component that is the schedule of the trigger at `index`.
    static func cronName(_ index: Int) -> String { "trigger-\(index)" }
}
