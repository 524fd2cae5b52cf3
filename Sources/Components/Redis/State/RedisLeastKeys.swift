import MechaCore

/// The least of many keys, in ascending order of their bytes and without repetition; holds no more than `limit`.
struct RedisLeastKeys {
    let limit: Int
    private(set) var keys: [String] = []

    init(limit: Int) { self.limit = limit }

    mutating func insert(_ key: String) {
        if keys.count == limit, let last = keys.last, !UTF8Order.isLess(key, last) { return }
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if UTF8Order.isLess(keys[middle], key) { low = middle + 1 } else { high = middle }
        }
        if low < keys.count, UTF8Order.isEqual(keys[low], key) { return }
        keys.insert(key, at: low)
        if keys.count > limit { keys.removeLast() }
    }
}
