import Synchronization

/// Counts the connections of a listener over all loops and says when there are too many.
final class ConnectionAdmission: Sendable {
    let limit: Int
    private let count = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// True if there is room; then ``leave()`` must follow when the connection is gone.
    func enter() -> Bool {
        guard count.add(1, ordering: .relaxed).newValue > limit else { return true }
        leave()
        return false
    }

    func leave() { count.subtract(1, ordering: .relaxed) }
}
