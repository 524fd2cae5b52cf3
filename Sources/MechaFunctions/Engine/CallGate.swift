import MechaWire
import NIOCore
import Synchronization

/// Lets a number of calls through at a time; further ones wait their turn, up to a number and a time.
final class CallGate: Sendable {
    private struct State {
        var running = 0
        var waiters: [Waiter] = []
        /// Waiters before this index have left the list; it is compacted when half of it has.
        var first = 0
    }

    private let limit: Int
    private let waitingAtMost: Int
    private let state = Mutex(State())

    init(limit: Int, waitingAtMost: Int) {
        self.limit = max(1, limit)
        self.waitingAtMost = max(0, waitingAtMost)
    }

    /// Waits for a turn until `deadline`; unless this throws, ``leave()`` must follow.
    func enter(until deadline: NIODeadline) async throws(FunctionError) {
        let waiter: Waiter? = try state.withLock { state throws(FunctionError) in
            if state.running < limit {
                state.running += 1
                return nil
            }
            guard state.waiters.count - state.first < waitingAtMost else {
                throw FunctionError(.busy, "\(limit) calls run and \(waitingAtMost) wait already")
            }
            let waiter = Waiter()
            state.waiters.append(waiter)
            return waiter
        }
        guard let waiter else { return }
        let loop = LoopContext.current?.loop
        let timer = loop?.scheduleTask(deadline: deadline) { [self] in giveUp(waiter) }
        let fallback =
            loop == nil
            ? Task { [self] in
                try? await Task.sleep(for: .nanoseconds(max(0, (deadline - .now()).nanoseconds)))
                if !Task.isCancelled { giveUp(waiter) }
            } : nil
        let isAdmitted = await withTaskCancellationHandler {
            await waiter.wait()
        } onCancel: {
            giveUp(waiter)
        }
        timer?.cancel()
        fallback?.cancel()
        guard isAdmitted else { throw FunctionError(.busy, "the call's time was over before one of \(limit) calls ended") }
    }

    func leave() {
        let next: Waiter? = state.withLock { state in
            while state.first < state.waiters.count {
                let waiter = state.waiters[state.first]
                state.first += 1
                if state.first > 32, state.first * 2 > state.waiters.count {
                    state.waiters.removeFirst(state.first)
                    state.first = 0
                }
                // The turn passes on, so the number of running calls stays.
                if waiter.decide(true) { return waiter }
            }
            state.waiters.removeAll(keepingCapacity: true)
            state.first = 0
            state.running -= 1
            return nil
        }
        next?.resume()
    }

    private func giveUp(_ waiter: Waiter) {
        let isMine = state.withLock { state in
            guard waiter.decide(false) else { return false }
            state.waiters.removeAll { $0 === waiter }
            // What stands before `first` was admitted and cannot be this one.
            return true
        }
        if isMine { waiter.resume() }
    }

    /// Calls that run or wait.
    var load: Int { state.withLock { $0.running + $0.waiters.count - $0.first } }
}

/// One decision and one who waits for it, in whichever order they come.
private final class Waiter: Sendable {
    private struct State {
        var decision: Bool?
        var continuation: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    /// False when it is decided already.
    func decide(_ isAdmitted: Bool) -> Bool {
        state.withLock { state in
            guard state.decision == nil else { return false }
            state.decision = isAdmitted
            return true
        }
    }

    func resume() {
        let (continuation, decision) = state.withLock { ($0.continuation.take(), $0.decision ?? false) }
        continuation?.resume(returning: decision)
    }

    func wait() async -> Bool {
        await withCheckedContinuation { continuation in
            let decision: Bool? = state.withLock { state in
                if state.decision == nil { state.continuation = continuation }
                return state.decision
            }
            if let decision { continuation.resume(returning: decision) }
        }
    }
}
