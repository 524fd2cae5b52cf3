import Synchronization

/// What the caller of several publications waits for: one outcome for each message.
final class BusReceipt: Sendable {
    private struct State {
        var outcomes: [(any Error)?]
        var open: Int
        var continuation: CheckedContinuation<[(any Error)?], Never>?
    }

    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(outcomes: Array(repeating: nil, count: count), open: count)) }

    /// `enqueue` sets the messages under way.
    func outcomes(_ enqueue: () -> Void) async -> [(any Error)?] {
        await withCheckedContinuation { continuation in
            state.withLock { $0.continuation = continuation }
            enqueue()
        }
    }

    func settle(_ index: Int, _ error: (any Error)?) {
        let done = state.withLock { state -> (CheckedContinuation<[(any Error)?], Never>, [(any Error)?])? in
            state.outcomes[index] = error
            state.open -= 1
            guard state.open == 0, let continuation = state.continuation else { return nil }
            state.continuation = nil
            return (continuation, state.outcomes)
        }
        if let (continuation, outcomes) = done { continuation.resume(returning: outcomes) }
    }
}
