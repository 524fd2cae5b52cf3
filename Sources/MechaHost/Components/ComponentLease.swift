import Synchronization

/// The right of one app to call a component. Whoever may still call it holds the lease, so that a component
/// that a reload replaced is closed after the last request that began with it.
final class ComponentLease: Sendable {
    private let pool: ComponentPool
    private let key: ComponentPool.Key
    private let hasEnded = Atomic(false)

    /// Takes over one use of the pool's instance for `key`.
    init(_ key: ComponentPool.Key, in pool: ComponentPool) {
        self.key = key
        self.pool = pool
    }

    deinit {
        guard !hasEnded.load(ordering: .relaxed) else { return }
        Task { [pool, key] in await pool.release(key) }
    }

    /// Lets the component go now, whoever still calls it, and waits until it is closed if nobody else uses it.
    func end() async {
        guard !hasEnded.exchange(true, ordering: .relaxed) else { return }
        await pool.release(key)
    }
}
