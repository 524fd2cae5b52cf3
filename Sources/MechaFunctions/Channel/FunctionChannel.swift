import MechaInvocation
import MechaWire
import NIOCore

/// The channel of an app that is a function: calls go through the alias or to the revision that they name, events
/// through the alias of their trigger.
///
/// What a function is subscribed to, and which bindings call it, its triggers say; the guest is not asked.
final class FunctionChannel: AppChannel {
    /// A caller may name an alias or revision in this header; it does not reach the guest.
    static let entranceHeader = "mecha-revision"

    let function: Function

    init(_ function: Function) { self.function = function }

    var appProtocol: AppProtocol { .http }

    func forward(_ call: StreamedCall, owner: any CallOwner) {
        entrance(call.exchange.head.headers.first(name: Self.entranceHeader)).forward(call, owner: owner)
    }

    func invoke(_ request: AppRequest, deadline: NIODeadline?) async throws(InvocationError) -> AppResponse {
        try await entrance(request.headers.first(name: Self.entranceHeader)).invoke(request, deadline: deadline)
    }

    func subscriptions(deadline: NIODeadline) async throws(InvocationError) -> [TopicSubscription] { [] }

    func acceptedBindings(
        _ bindings: [(name: String, method: MethodPath)], deadline: NIODeadline
    ) async throws(InvocationError) -> Set<String> {
        Set(bindings.map(\.name).filter { function.alias(ofBinding: $0) != nil })
    }

    func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer {
        try await entrance(ofTopic: event.topic, in: event.pubsub).deliver(event, deadline: deadline)
    }

    func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer] {
        try await entrance(ofTopic: events.topic, in: events.pubsub).deliver(events, deadline: deadline)
    }

    func trigger(_ trigger: BindingTrigger, deadline: NIODeadline?) async throws(InvocationError) -> BindingAnswer {
        let alias = function.alias(ofBinding: trigger.binding)
        return try await FunctionEntrance(function: function, name: alias.map { .alias($0) } ?? .standard)
            .trigger(trigger, deadline: deadline)
    }

    func probe(path: String, timeout: TimeAmount) async -> Int? { 200 }

    func isReachable(timeout: TimeAmount) async -> Bool { true }

    private func entrance(_ name: String?) -> FunctionEntrance {
        FunctionEntrance(function: function, name: name.map { .init($0) } ?? .standard)
    }

    private func entrance(ofTopic topic: String, in pubsub: String) -> FunctionEntrance {
        FunctionEntrance(function: function, name: function.alias(ofTopic: topic, in: pubsub).map { .alias($0) } ?? .standard)
    }
}
