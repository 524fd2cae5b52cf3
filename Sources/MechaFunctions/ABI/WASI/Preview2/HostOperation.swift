import Synchronization

/// Something that goes on while a guest runs, and ends once.
final class HostOperation: Sendable {
    private struct State {
        var isDone = false
        var waiters: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var isDone: Bool { state.withLock { $0.isDone } }

    func finish() {
        let waiters = state.withLock { state in
            state.isDone = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter() }
    }

    /// At once when it is done.
    func whenDone(_ body: @escaping @Sendable () -> Void) {
        let isDone = state.withLock { state in
            if !state.isDone { state.waiters.append(body) }
            return state.isDone
        }
        if isDone { body() }
    }
}
