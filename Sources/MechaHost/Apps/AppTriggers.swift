import MechaInvocation
import MechaManifest

/// What calls a function beside what resource files declare. Nothing else does: an app without triggers that has them
/// gets no event of a binding or subscription that does not name it.
public struct AppTriggers: Sendable, Equatable {
    /// Input bindings that are the function's own, such as its schedules.
    public var components: [ComponentResource] = []
    public var subscriptions: [TopicSubscription] = []
    /// Names of declared input bindings whose events it takes.
    public var bindings: Set<String> = []

    public init() {}
}
