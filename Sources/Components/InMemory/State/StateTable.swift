import MechaCore
import NIOCore

/// The entries of an in-memory store: a value without clock or lock, told the time with each call.
struct StateTable {
    /// Expired entries removed by one write at most, so that no single write pays for a great many.
    static let expiriesPerWrite = 16

    private struct Item {
        var entry: StateEntry
        var expiry: ExpiryHeap.Node?
    }

    private let maximumBytes: Int
    private var items: [ExactKey: Item] = [:]
    private var expiries = ExpiryHeap()
    /// Keys and values of all entries held.
    private(set) var bytes = 0

    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    /// Entries held, those that are expired and not yet removed included.
    var count: Int { items.count }

    // MARK: - Reading

    func live(_ key: ExactKey, at now: Timestamp) -> StateEntry? {
        guard let entry = items[key]?.entry, !Self.isExpired(entry, at: now) else { return nil }
        return entry
    }

    /// Live entries whose key begins with `prefix` and comes after `cursor`, in no order.
    func entries(withPrefix prefix: String, after cursor: String? = nil, at now: Timestamp) -> [(key: String, entry: StateEntry)] {
        var found: [(key: String, entry: StateEntry)] = []
        for (key, item) in items where UTF8Order.hasPrefix(key.text, prefix) && !Self.isExpired(item.entry, at: now) {
            if let cursor, !UTF8Order.isLess(cursor, key.text) { continue }
            found.append((key.text, item.entry))
        }
        return found
    }

    // MARK: - Writing

    /// Applies all operations, or none and answers why. Every write becomes its etag of `etags`.
    mutating func apply(_ operations: [StateOperation], etags: [String], at now: Timestamp) -> CapabilityError? {
        removeExpired(at: now, limit: Self.expiriesPerWrite)
        if let refusal = refusal(of: operations, etags: etags, at: now) { return refusal }
        for (operation, etag) in zip(operations, etags) {
            switch operation {
            case .upsert(let write): set(write, etag: etag, at: now)
            case .delete(let removal): remove(ExactKey(removal.key))
            }
        }
        return nil
    }

    mutating func removeAll(withPrefix prefix: String, at now: Timestamp) -> Int {
        var removed = 0
        for (key, item) in items where UTF8Order.hasPrefix(key.text, prefix) {
            if !Self.isExpired(item.entry, at: now) { removed += 1 }
            remove(key)
        }
        return removed
    }

    /// Removes what has expired, at most `limit` entries.
    mutating func removeExpired(at now: Timestamp, limit: Int) {
        var left = limit
        while left > 0, let node = expiries.earliest, node.expiresAt <= now {
            remove(node.key)
            left -= 1
        }
    }

    /// Checks conditions against what earlier operations of the same list would leave behind.
    private func refusal(of operations: [StateOperation], etags: [String], at now: Timestamp) -> CapabilityError? {
        var pending: [ExactKey: String?] = [:]
        var growth = 0
        for (operation, etag) in zip(operations, etags) {
            let key: ExactKey
            let precondition: StatePrecondition
            switch operation {
            case .upsert(let write):
                key = ExactKey(write.key)
                precondition = write.precondition
                growth += write.value.readableBytes + write.key.utf8.count - (items[key].map { Self.size(key, $0) } ?? 0)
            case .delete(let removal):
                key = ExactKey(removal.key)
                precondition = removal.precondition
            }
            if precondition != .none {
                let stored = pending[key] ?? live(key, at: now)?.etag
                if let refusal = Self.refusal(of: precondition, stored: stored) { return refusal }
            }
            if operations.count > 1 {
                if case .upsert = operation { pending[key] = .some(etag) } else { pending[key] = .some(nil) }
            }
        }
        guard growth > 0, bytes + growth > maximumBytes else { return nil }
        return CapabilityError(.resourceExhausted, "the store holds its limit of \(maximumBytes) bytes (metadata maxBytes)")
    }

    private static func refusal(of precondition: StatePrecondition, stored: String?) -> CapabilityError? {
        switch precondition {
        case .none: nil
        case .absent: stored == nil ? nil : .stateAlreadyPresent
        case .etag(let etag): stored == etag ? nil : .stateEtagMismatch
        }
    }

    private mutating func set(_ write: StateWrite, etag: String, at now: Timestamp) {
        let key = ExactKey(write.key)
        let expiresAt = write.expiry(at: now)
        let expiry = expiresAt.map { ExpiryHeap.Node(key: key, expiresAt: $0) }
        if let expiry { expiries.insert(expiry) }
        let item = Item(entry: StateEntry(value: write.value, etag: etag, expiresAt: expiresAt), expiry: expiry)
        bytes += Self.size(key, item)
        if let old = items.updateValue(item, forKey: key) { forget(old, of: key) }
    }

    private mutating func remove(_ key: ExactKey) {
        if let old = items.removeValue(forKey: key) { forget(old, of: key) }
    }

    private mutating func forget(_ item: Item, of key: ExactKey) {
        bytes -= Self.size(key, item)
        if let expiry = item.expiry { expiries.remove(expiry) }
    }

    private static func size(_ key: ExactKey, _ item: Item) -> Int {
        key.text.utf8.count + item.entry.value.readableBytes
    }

    private static func isExpired(_ entry: StateEntry, at now: Timestamp) -> Bool {
        guard let expiresAt = entry.expiresAt else { return false }
        return expiresAt <= now
    }
}
