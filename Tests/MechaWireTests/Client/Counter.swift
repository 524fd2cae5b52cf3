import Synchronization

/// Counts across threads.
final class Counter: Sendable {
    private let count = Mutex(0)

    /// 0, 1, 2, ...
    @discardableResult
    func next() -> Int {
        count.withLock { value in
            defer { value += 1 }
            return value
        }
    }

    var value: Int { count.withLock { $0 } }
}
