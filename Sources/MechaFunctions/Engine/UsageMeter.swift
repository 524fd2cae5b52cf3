import Synchronization

/// Adds up what calls of one function used.
final class UsageMeter: Sendable {
    private struct State {
        var usage = FunctionUsage()
        /// KiB times microseconds: fine enough for the smallest call, and good for years of large ones.
        var memoryKiBMicroseconds: UInt64 = 0
    }

    private let state = Mutex(State())

    /// - Parameter nanoseconds: from the call's start to its end.
    func add(_ call: FunctionUsage, memoryBytes: Int, nanoseconds: UInt64) {
        state.withLock { state in
            state.usage += call
            state.usage.peakMemoryBytes = max(state.usage.peakMemoryBytes, UInt64(memoryBytes))
            state.memoryKiBMicroseconds += UInt64(memoryBytes >> 10) * (nanoseconds / 1_000)
        }
    }

    var usage: FunctionUsage {
        state.withLock { state in
            var usage = state.usage
            usage.memoryMilliseconds = state.memoryKiBMicroseconds / 1_024 / 1_000
            return usage
        }
    }
}
