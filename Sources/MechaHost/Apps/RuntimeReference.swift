import Synchronization

/// The way back to a runtime from parts of it that are made before it is whole.
final class RuntimeReference: Sendable {
    private struct State { weak var runtime: AppRuntime? }

    private let state = Mutex(State())

    var runtime: AppRuntime? {
        get { state.withLock { $0.runtime } }
        set { state.withLock { $0.runtime = newValue } }
    }
}
