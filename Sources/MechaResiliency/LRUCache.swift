/// A map of bounded size that forgets what was used longest ago.
public struct LRUCache<Key: Hashable, Value> {
    /// One place of the list in the order of use; places are used again and never given back.
    fileprivate struct Entry {
        var key: Key
        var value: Value
        /// Neighbours in the order of use; -1 for none.
        var newer: Int
        var older: Int
    }

    /// Entries at most, at least one.
    public let capacity: Int
    private var places: [Key: Int] = [:]
    private var entries: [Entry] = []
    private var newest = -1
    private var oldest = -1

    public init(capacity: Int) { self.capacity = max(1, capacity) }

    public var count: Int { entries.count }

    /// The value of `key`, which now is the one used last; made when there is none.
    public mutating func value(for key: Key, _ make: () -> Value) -> Value {
        if newest >= 0, entries[newest].key == key { return entries[newest].value }
        if let place = places[key] {
            unlink(place)
            link(place)
            return entries[place].value
        }
        let value = make()
        if entries.count >= capacity {
            let place = oldest
            unlink(place)
            places[entries[place].key] = nil
            entries[place].key = key
            entries[place].value = value
            places[key] = place
            link(place)
        } else {
            entries.append(Entry(key: key, value: value, newer: -1, older: -1))
            places[key] = entries.count - 1
            link(entries.count - 1)
        }
        return value
    }

    /// From the one used last to the one used longest ago.
    public var keys: [Key] {
        var keys: [Key] = []
        var next = newest
        while next >= 0 {
            keys.append(entries[next].key)
            next = entries[next].older
        }
        return keys
    }

    private mutating func link(_ place: Int) {
        entries[place].newer = -1
        entries[place].older = newest
        if newest >= 0 { entries[newest].newer = place } else { oldest = place }
        newest = place
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (entries[place].newer, entries[place].older)
        if newer >= 0 { entries[newer].older = older } else { newest = older }
        if older >= 0 { entries[older].newer = newer } else { oldest = newer }
    }
}

extension LRUCache: Sendable where Key: Sendable, Value: Sendable {}
extension LRUCache.Entry: Sendable where Key: Sendable, Value: Sendable {}
