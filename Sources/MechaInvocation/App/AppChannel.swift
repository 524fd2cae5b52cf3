import MechaWire
import NIOCore

/// The way from the runtime to an app: an HTTP app, a gRPC app, and later a function in this process.
///
/// A channel only carries. Who may call, how many at once and whether the app is well is decided before,
/// by ``LocalApp``.
public protocol AppChannel: Sendable {
    /// What the app speaks.
    var appProtocol: AppProtocol { get }

    /// Carries a streamed call to the app. On the exchange's loop; `owner` hears of the end.
    func forward(_ call: StreamedCall, owner: any CallOwner)

    /// Makes one call with its whole body in memory. An error answer of the app is a response.
    func invoke(_ request: AppRequest, deadline: NIODeadline?) async throws(InvocationError) -> AppResponse

    /// Asks the app what it subscribes to. Throws when there was no answer that says it; an app that knows
    /// nothing of subscriptions has none.
    func subscriptions(deadline: NIODeadline) async throws(InvocationError) -> [TopicSubscription]

    /// Which of `bindings` (name and path) the app wants events of.
    func acceptedBindings(
        _ bindings: [(name: String, method: MethodPath)], deadline: NIODeadline
    ) async throws(InvocationError) -> Set<String>

    /// Delivers one event of a topic.
    func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer

    /// Delivers many events in one call; answers one per entry, in their order.
    func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer]

    /// Delivers an event of an input binding. Throws also when the app answered with an error.
    func trigger(_ trigger: BindingTrigger, deadline: NIODeadline?) async throws(InvocationError) -> BindingAnswer

    /// Asks the app how it is; the HTTP status (gRPC apps: 200 for OK, else 503), or nil without an answer.
    func probe(path: String, timeout: TimeAmount) async -> Int?

    /// Whether somebody listens at the app's port.
    func isReachable(timeout: TimeAmount) async -> Bool
}
