/// A map of bounded size that forgets what was used longest ago.
public struct LRUCache<Key: Hashable, Value> {
    fileprivate struct Entry {
        var value: Value
        /// Neighbours in the order of use.
        var newer: Key?
        var older: Key?
    }

    /// Entries at most, at least one.
    public let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var newest: Key?
    private var oldest: Key?

    public init(capacity: Int) { self.capacity = max(1, capacity) }

    public var count: Int { entries.count }

    /// The value of `key`, which now is the one used last; made when there is none.
    public mutating func value(for key: Key, _ make: () -> Value) -> Value {
        if let entry = entries[key] {
            if newest != key {
                unlink(key, entry)
                link(key, entry.value)
            }
            return entry.value
        }
        if entries.count >= capacity, let oldest, let entry = entries[oldest] {
            unlink(oldest, entry)
            entries[oldest] = nil
        }
        let value = make()
        link(key, value)
        return value
    }

    /// From the one used last to the one used longest ago.
    public var keys: [Key] {
        var keys: [Key] = []
        var next = newest
        while let key = next {
            keys.append(key)
            next = entries[key]?.older
        }
        return keys
    }

    private mutating func link(_ key: Key, _ value: Value) {
        entries[key] = Entry(value: value, newer: nil, older: newest)
        if let newest { entries[newest]?.newer = key }
        newest = key
        if oldest == nil { oldest = key }
    }

    private mutating func unlink(_ key: Key, _ entry: Entry) {
        if let newer = entry.newer { entries[newer]?.older = entry.older } else { newest = entry.older }
        if let older = entry.older { entries[older]?.newer = entry.newer } else { oldest = entry.newer }
    }
}

extension LRUCache: Sendable where Key: Sendable, Value: Sendable {}
extension LRUCache.Entry: Sendable where Key: Sendable, Value: Sendable {}
