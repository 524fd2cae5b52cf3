import MechaCore
import Synchronization

/// A call that waits for a lane, without its type. Performed on the lane's thread; answered once, from
/// any thread.
protocol SQLiteJob: AnyObject, Sendable {
    /// On the monotonic clock, nanoseconds.
    var deadline: UInt64 { get }
    /// Nobody waits for the answer any more.
    var isAnswered: Bool { get }
    /// Called before the transaction begins: collects what is to be done. False when its commit need not wait for
    /// the disk, because what is lost with a power failure does no harm.
    func prepare() -> Bool
    /// Does the work and keeps its value for ``succeed()``. May run again when an earlier run was undone.
    func perform(on connection: SQLiteConnection) throws
    func succeed()
    func fail(_ error: any Error)
}

extension SQLiteJob {
    func prepare() -> Bool { true }
}

/// `value` is touched on the lane's thread only, the continuation under its lock.
final class SQLiteCall<Value: Sendable>: SQLiteJob, @unchecked Sendable {
    private enum State {
        case new
        case answeredEarly(any Error)
        case waiting(CheckedContinuation<Value, any Error>)
        case answered
    }

    let deadline: UInt64
    private let body: @Sendable (SQLiteConnection) throws -> Value
    private var value: Value?
    private let state = Mutex(State.new)

    init(deadline: UInt64, _ body: @escaping @Sendable (SQLiteConnection) throws -> Value) {
        self.deadline = deadline
        self.body = body
    }

    /// Waits for the answer, which ``enqueue`` sets under way.
    func answer(_ enqueue: (SQLiteCall<Value>) -> Void) async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let early = state.withLock { state -> (any Error)? in
                    if case .answeredEarly(let error) = state {
                        state = .answered
                        return error
                    }
                    state = .waiting(continuation)
                    return nil
                }
                if let early { continuation.resume(throwing: early) } else { enqueue(self) }
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    var isAnswered: Bool {
        state.withLock { state in
            if case .answered = state { return true }
            return false
        }
    }

    func perform(on connection: SQLiteConnection) throws {
        value = try connection.withDeadline(deadline) { try body(connection) }
    }

    func succeed() {
        guard let value else { return fail(CapabilityError(.backend, "the call was answered before it was performed")) }
        takeContinuation(nil)?.resume(returning: value)
    }

    func fail(_ error: any Error) {
        takeContinuation(error)?.resume(throwing: error)
    }

    private func takeContinuation(_ error: (any Error)?) -> CheckedContinuation<Value, any Error>? {
        state.withLock { state in
            switch state {
            case .new:
                if let error { state = .answeredEarly(error) }
                return nil
            case .waiting(let continuation):
                state = .answered
                return continuation
            case .answeredEarly, .answered: return nil
            }
        }
    }
}
