import MechaCore
import Synchronization

/// A clock that moves only when a test moves it. Sleepers wake in the order of their deadlines.
public final class ManualClock: MechaClock {
    private struct Sleeper {
        var id: UInt64
        var deadline: UInt64
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var monotonic: UInt64 = 1_000_000_000
        var lastID: UInt64 = 0
        var sleepers: [Sleeper] = []
        /// Sleeps that were cancelled before they were enlisted.
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    /// Begins at 2026-01-01T00:00:00Z when nothing else is said.
    public init(now: Timestamp = Timestamp(seconds: 1_767_225_600)) {
        state = Mutex(State(now: now))
    }

    public func now() -> Timestamp { state.withLock { $0.now } }

    public func monotonicNanoseconds() -> UInt64 { state.withLock { $0.monotonic } }

    public func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let refused = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return true }
                    let deadline = state.monotonic + UInt64(max(0, duration.wholeNanoseconds))
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    return false
                }
                if refused { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Lets time pass: the wall clock and the monotonic one move together.
    public func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now + duration
            state.monotonic += UInt64(max(0, duration.wholeNanoseconds))
            let monotonic = state.monotonic
            let due = state.sleepers.filter { $0.deadline <= monotonic }
            state.sleepers.removeAll { $0.deadline <= monotonic }
            return due.sorted { $0.deadline < $1.deadline }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Moves the wall clock alone, as an operator or NTP does; `duration` may be negative.
    public func jump(by duration: Duration) {
        state.withLock { $0.now = $0.now + duration }
    }

    /// Tasks that sleep now; lets a test wait until one has begun to.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }
}
