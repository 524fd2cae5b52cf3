import MechaCore
import Synchronization

extension Task where Success == Void, Failure == Never {
    /// Waits for the task's end, but no longer than that. The task goes on in any case.
    func isOver(within limit: Duration, _ clock: any MechaClock) async -> Bool {
        let once = Once()
        return await withCheckedContinuation { continuation in
            Task<Void, Never>.detached {
                await value
                if once.isFirst() { continuation.resume(returning: true) }
            }
            Task<Void, Never>.detached {
                try? await clock.sleep(for: limit)
                if once.isFirst() { continuation.resume(returning: false) }
            }
        }
    }
}

private final class Once: Sendable {
    private let isTaken = Atomic(false)
    func isFirst() -> Bool { !isTaken.exchange(true, ordering: .relaxed) }
}
