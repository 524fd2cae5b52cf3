import MechaWire
import NIOCore
import Synchronization

/// An operation and somebody who waits for it up to a time.
final class Rendezvous<Outcome: Sendable>: Sendable {
    private struct State {
        var outcome: Outcome??
        var continuation: UnsafeContinuation<Outcome?, Never>?
    }

    private let state = Mutex(State())

    /// Runs `operation` on this loop and waits for it; nil when `deadline` came first. Then it is cancelled, and goes
    /// on alone until it notices.
    static func run(_ operation: @escaping @Sendable () async -> Outcome, until deadline: NIODeadline?) async -> Outcome? {
        guard let deadline else { return await operation() }
        let meeting = Rendezvous()
        let context = LoopContext.current
        let task = Task.immediate(executorPreference: context?.executor) { meeting.arrive(await operation()) }
        if let outcome = meeting.outcome { return outcome }
        let giveUp: @Sendable () -> Void = {
            task.cancel()
            meeting.arrive(nil)
        }
        let cancelTimer: () -> Void
        if let context {
            let timer = context.timers.start(at: deadline, giveUp)
            cancelTimer = { timer.cancel() }
        } else {
            let timer = Task {
                try? await Task.sleep(for: .nanoseconds(max(0, (deadline - .now()).nanoseconds)))
                if !Task.isCancelled { giveUp() }
            }
            cancelTimer = { timer.cancel() }
        }
        let outcome = await withUnsafeContinuation { meeting.wait($0) }
        cancelTimer()
        return outcome
    }

    private var outcome: Outcome? { state.withLock { $0.outcome ?? nil } }

    private func arrive(_ outcome: Outcome?) {
        let continuation = state.withLock { state in
            if state.outcome == nil { state.outcome = .some(outcome) }
            return state.continuation.take()
        }
        continuation?.resume(returning: outcome)
    }

    private func wait(_ continuation: UnsafeContinuation<Outcome?, Never>) {
        let outcome: Outcome?? = state.withLock { state in
            if state.outcome == nil { state.continuation = continuation }
            return state.outcome
        }
        if let outcome { continuation.resume(returning: outcome) }
    }
}
