import MechaInvocation
import MechaWire
import NIOCore

/// A function through one of its aliases, or at one revision: a channel that events and calls of that entrance take.
struct FunctionEntrance: HTTPEventChannel {
    enum Name: Sendable, Hashable {
        case alias(String)
        case revision(Int)

        /// `prod` or `3`.
        init(_ text: some StringProtocol) { self = Int(text).map { .revision($0) } ?? .alias(String(text)) }

        static let standard = Name.alias(FunctionState.defaultAlias)
    }

    let function: Function
    let name: Name

    var appProtocol: AppProtocol { .http }

    func forward(_ call: StreamedCall, owner: any CallOwner) {
        WholeCall.run(call, owner: owner, callee: function.name, bodyBytesAtMost: function.requestBytesAtMost) {
            [function, name] call throws(InvocationError) in
            await function.answer(call, through: name, deadline: nil)
        }
    }

    func invoke(_ request: AppRequest, deadline: NIODeadline?) async throws(InvocationError) -> AppResponse {
        let call = BufferedCall(request)
        await function.answer(call, through: name, deadline: deadline)
        return call.response
    }

    func subscriptions(deadline: NIODeadline) async throws(InvocationError) -> [TopicSubscription] { [] }

    func acceptedBindings(
        _ bindings: [(name: String, method: MethodPath)], deadline: NIODeadline
    ) async throws(InvocationError) -> Set<String> { [] }

    func probe(path: String, timeout: TimeAmount) async -> Int? { 200 }

    func isReachable(timeout: TimeAmount) async -> Bool { true }
}
