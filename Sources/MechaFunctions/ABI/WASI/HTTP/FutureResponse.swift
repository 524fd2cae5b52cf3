import MechaInvocation
import MechaWasm
import Synchronization

/// The answer to come.
final class FutureResponse: Sendable {
    enum Outcome: Sendable {
        case response(AppResponse)
        /// A case of `error-code` with its payload.
        case failure(ComponentValue)
    }

    private struct State {
        var outcome: Outcome?
        var isTaken = false
    }

    let operation = HostOperation()
    private let state = Mutex(State())

    func finish(_ outcome: Outcome) {
        state.withLock { if $0.outcome == nil { $0.outcome = outcome } }
        operation.finish()
    }

    /// Nil when there is none yet; then once the outcome, later nothing.
    func take() -> Outcome?? {
        state.withLock { state in
            guard let outcome = state.outcome else { return nil }
            defer { state.isTaken = true }
            return .some(state.isTaken ? nil : outcome)
        }
    }
}
