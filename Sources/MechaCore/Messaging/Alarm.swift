import Synchronization

/// Calls `action` at the earliest of the times that it was set to, and then not before it is set again.
package final class Alarm: Sendable {
    private struct State {
        var due: UInt64?
        var task: Task<Void, Never>?
        /// Tells a task whose alarm was set anew from the one that counts.
        var generation = 0
        var isOver = false
    }

    private let clock: any MechaClock
    private let action: @Sendable () -> Void
    private let state = Mutex(State())

    package init(clock: any MechaClock, action: @escaping @Sendable () -> Void) {
        self.clock = clock
        self.action = action
    }

    /// `due` is on the clock's monotonic nanoseconds. A later time than the one that is set changes nothing.
    package func set(due: UInt64) {
        let replaced = state.withLock { state -> Task<Void, Never>? in
            if state.isOver { return nil }
            if let earlier = state.due, earlier <= due { return nil }
            state.due = due
            state.generation += 1
            let replaced = state.task
            state.task = Task { [clock, generation = state.generation] in
                let now = clock.monotonicNanoseconds()
                if due > now { do { try await clock.sleep(for: .nanoseconds(Int64(clamping: due - now))) } catch { return } }
                self.ring(generation)
            }
            return replaced
        }
        replaced?.cancel()
    }

    /// No further calls, whatever is set.
    package func end() {
        let task = state.withLock { state in
            state.isOver = true
            state.due = nil
            state.generation += 1
            defer { state.task = nil }
            return state.task
        }
        task?.cancel()
    }

    private func ring(_ generation: Int) {
        let counts = state.withLock { state in
            guard state.generation == generation, !state.isOver else { return false }
            state.due = nil
            state.task = nil
            return true
        }
        if counts { action() }
    }
}
