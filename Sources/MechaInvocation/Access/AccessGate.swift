import MechaCore
import Synchronization

/// Stands before an app and lets in whom the rules let in. The rules change with the resources.
package final class AccessGate: Sendable {
    /// Hears of every decision. Called on event loops.
    package typealias Listener = @Sendable (AccessRules.Decision) -> Void

    private struct State {
        var rules: AccessRules?
        var listener: Listener?
    }

    private let state = Mutex(State())
    private let isOpen = Atomic(true)

    init() {}

    /// - Parameter rules: nil lets everybody in.
    package func replace(_ rules: AccessRules?, listener: @escaping Listener) {
        state.withLock { $0 = State(rules: rules, listener: listener) }
        isOpen.store(rules == nil, ordering: .releasing)
    }

    /// Throws ``InvocationError/Code/denied`` when the rules say so. An app may always call itself.
    ///
    /// - Parameter verb: nil for gRPC.
    func check(_ caller: AppAddress?, calling callee: AppAddress, _ method: MethodPath, verb: String?) throws(InvocationError) {
        if isOpen.load(ordering: .acquiring) || caller == callee { return }
        let state = state.withLock { $0 }
        guard let rules = state.rules else { return }
        let decision = rules.decide(caller: caller, path: method.path, verb: verb)
        state.listener?(decision)
        guard !decision.isAllowed else { return }
        throw InvocationError(
            .denied,
            "failed to invoke, id: \(callee.appID), err: access control policy has denied access to id: \(caller?.appID ?? "") "
                + "operation: \(method.path) verb: \(verb ?? "NONE")")
    }
}
