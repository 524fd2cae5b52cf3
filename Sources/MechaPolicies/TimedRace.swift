import MechaCore
import MechaWire
import NIOCore
import Synchronization

/// A body and a clock: whichever is first gives the result. The loser is cancelled and not waited for,
/// since a body that does not listen to its cancellation is what timeouts are for.
enum TimedRace {
    static func run<Value: Sendable>(
        within limit: Duration, clock: any MechaClock, _ body: @escaping @Sendable () async throws -> Value
    ) async -> Result<Value, any Error> {
        let finish = Finish<Value>()
        let context = LoopContext.current
        let work: @Sendable () async -> Void = {
            do { finish.decide(.success(try await body())) } catch { finish.decide(.failure(error)) }
        }
        // On a loop the body begins here and now, and most have ended before a timer is needed.
        let worker = context.map { Task.immediate(executorPreference: $0.executor) { await work() } } ?? Task { await work() }
        if let result = finish.decision { return result }
        let timer = Timer(after: limit, clock: clock, context: context) {
            finish.decide(.failure(PolicyError(.timeout)))
            worker.cancel()
        }
        let result = await withTaskCancellationHandler {
            await finish.wait()
        } onCancel: {
            worker.cancel()
            finish.decide(.failure(CancellationError()))
        }
        timer.cancel()
        return result
    }

    /// The first decision, and who waits for it.
    private final class Finish<Value: Sendable>: Sendable {
        private struct State {
            var decision: Result<Value, any Error>?
            var waiter: CheckedContinuation<Result<Value, any Error>, Never>?
        }

        private let state = Mutex(State())

        var decision: Result<Value, any Error>? { state.withLock { $0.decision } }

        func decide(_ result: Result<Value, any Error>) {
            let waiter = state.withLock { state -> CheckedContinuation<Result<Value, any Error>, Never>? in
                guard state.decision == nil else { return nil }
                state.decision = result
                return state.waiter.take()
            }
            waiter?.resume(returning: result)
        }

        func wait() async -> Result<Value, any Error> {
            await withCheckedContinuation { continuation in
                let decision = state.withLock { state in
                    if state.decision == nil { state.waiter = continuation }
                    return state.decision
                }
                if let decision { continuation.resume(returning: decision) }
            }
        }
    }

    /// A timer of the loop where there is one and time is the machine's, else a task that sleeps.
    private struct Timer {
        private let cancellation: @Sendable () -> Void

        init(after limit: Duration, clock: any MechaClock, context: LoopContext?, _ action: @escaping @Sendable () -> Void) {
            if let context, clock is SystemClock {
                let timer = context.timers.start(after: .nanoseconds(limit.wholeNanoseconds), action)
                cancellation = { timer.cancel() }
            } else {
                let task = Task {
                    do { try await clock.sleep(for: limit) } catch { return }
                    action()
                }
                cancellation = { task.cancel() }
            }
        }

        func cancel() { cancellation() }
    }
}
