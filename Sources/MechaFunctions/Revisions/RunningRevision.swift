import MechaCore
import Synchronization

/// One revision in this process: loaded with its first call or before, drained before it is closed.
final class RunningRevision: Sendable {
    /// How a revision is loaded.
    typealias Load = @Sendable () async -> Result<any LoadedFunction, FunctionError>

    let stored: StoredRevision
    private let load: Load
    private let clock: any MechaClock

    /// After a load that failed, calls are refused for so long before it is tried again.
    private static let failurePause: UInt64 = 2_000_000_000

    private enum Phase {
        case idle
        case loading(Task<Result<any LoadedFunction, FunctionError>, Never>)
        case loaded(any LoadedFunction)
        case failed(FunctionError, atNanoseconds: UInt64)
    }

    private struct State {
        var phase = Phase.idle
        var calls = 0
        var isClosing = false
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ stored: StoredRevision, loaded: (any LoadedFunction)? = nil, clock: any MechaClock, load: @escaping Load) {
        self.stored = stored
        self.load = load
        self.clock = clock
        state = Mutex(State(phase: loaded.map { .loaded($0) } ?? .idle))
    }

    /// Begins a call; ``leave()`` must follow. False when the revision is about to be closed.
    func enter() -> Bool {
        state.withLock { state in
            if state.isClosing { return false }
            state.calls += 1
            return true
        }
    }

    func leave() {
        let drained = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.calls -= 1
            guard state.isClosing, state.calls == 0 else { return [] }
            defer { state.drained = [] }
            return state.drained
        }
        for waiter in drained { waiter.resume() }
    }

    /// The function, loaded now if it was not. Between ``enter()`` and ``leave()`` only.
    func function() async throws(FunctionError) -> any LoadedFunction {
        let loading: Task<Result<any LoadedFunction, FunctionError>, Never>
        switch begin() {
        case .success(.loaded(let function)): return function
        case .success(.loading(let task)): loading = task
        case .success: throw FunctionError(.closed, "the revision is not running")
        case .failure(let error): throw error
        }
        return try await loading.value.get()
    }

    private func begin() -> Result<Phase, FunctionError> {
        state.withLock { state in
            switch state.phase {
            case .loaded, .loading: return .success(state.phase)
            case .failed(let error, let moment) where clock.monotonicNanoseconds() < moment + Self.failurePause: return .failure(error)
            case .failed, .idle:
                // Reading and compiling must not hold up the loop of the call that came first.
                let task = Task.detached { [self] in
                    let result = await load()
                    loadEnded(result)
                    return result
                }
                state.phase = .loading(task)
                return .success(state.phase)
            }
        }
    }

    private func loadEnded(_ result: Result<any LoadedFunction, FunctionError>) {
        state.withLock { state in
            switch result {
            case .success(let function): state.phase = .loaded(function)
            case .failure(let error): state.phase = .failed(error, atNanoseconds: clock.monotonicNanoseconds())
            }
        }
    }

    /// What runs now, if it is loaded.
    var loaded: (any LoadedFunction)? {
        state.withLock { state in
            if case .loaded(let function) = state.phase { function } else { nil }
        }
    }

    /// Takes no further call, lets those under way end, and frees the revision. What it has used.
    func close() async -> FunctionUsage {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosing = true
                if state.calls == 0 { return true }
                state.drained.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
        let phase = state.withLock { state in
            defer { state.phase = .idle }
            return state.phase
        }
        let function: (any LoadedFunction)?
        switch phase {
        case .loaded(let loaded): function = loaded
        case .loading(let task): function = try? await task.value.get()
        default: function = nil
        }
        guard let function else { return FunctionUsage() }
        await function.close()
        return function.usage
    }
}
