import NIOCore
import Synchronization

/// Lets a number of calls at a time through to an app; further ones wait their turn, whatever loop they
/// live on.
final class ConcurrencyGate: Sendable {
    private typealias Waiter = @Sendable () -> Void
    typealias Entry = ConcurrencyGateEntry

    private let state: Mutex<ConcurrencyGateState<Waiter>>

    init(limit: Int, waitingAtMost: Int) {
        state = Mutex(ConcurrencyGateState(limit: limit, waitingAtMost: waitingAtMost))
    }

    /// Has `body` run by the caller now (`admitted`), or by the gate on `loop` when its turn has come (`queued`); then
    /// ``leave()`` must follow.
    func enter(on loop: any EventLoop, _ body: @escaping @Sendable () -> Void) -> Entry {
        state.withLock { $0.enter { loop.execute(body) } }
    }

    /// Gives up waiting. False when the turn has come already, and what was to run then does.
    func giveUp(_ number: Int) -> Bool { state.withLock { $0.cancel(number) } != nil }

    /// Waits for a turn; unless this throws, ``leave()`` must follow.
    func enter() async throws(InvocationError) {
        let turn = Turn()
        switch state.withLock({ $0.enter { turn.decide(true) } }) {
        case .admitted: return
        case .rejected: throw Self.full
        case .queued(let number):
            let isAdmitted = await withTaskCancellationHandler {
                await withCheckedContinuation { turn.wait($0) }
            } onCancel: {
                // When its turn came just now, the call goes on and notices by itself.
                if state.withLock({ $0.cancel(number) }) != nil { turn.decide(false) }
            }
            if !isAdmitted { throw InvocationError(.cancelled, "the call was given up before the app was free for it") }
        }
    }

    func leave() {
        let next = state.withLock { $0.leave() }
        next?()
    }

    static let full = InvocationError(.overloaded, "too many calls wait for the app")
}

/// One decision and one who waits for it, in whichever order they come.
private final class Turn: Sendable {
    private struct State {
        var decision: Bool?
        var continuation: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    func decide(_ isAdmitted: Bool) {
        let continuation = state.withLock { state in
            state.decision = isAdmitted
            return state.continuation.take()
        }
        continuation?.resume(returning: isAdmitted)
    }

    func wait(_ continuation: CheckedContinuation<Bool, Never>) {
        let decision = state.withLock { state in
            if state.decision == nil { state.continuation = continuation }
            return state.decision
        }
        if let decision { continuation.resume(returning: decision) }
    }
}
