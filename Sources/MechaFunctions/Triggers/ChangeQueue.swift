/// Changes of state on their way to a function: those of one key in their order, those of different keys side by side.
/// Pure; who delivers asks what is next.
struct ChangeQueue<Change: Sendable>: Sendable {
    /// Changes that wait; one beyond is refused.
    let changesAtMost: Int
    /// Keys whose changes are delivered at the same time.
    let deliveriesAtMost: Int

    /// By key; the first is under way where ``underWay`` has the key.
    private var waiting: [String: [Change]] = [:]
    /// Keys that have changes and none under way.
    private var ready: [String] = []
    private var underWay: Set<String> = []
    private(set) var count = 0

    init(changesAtMost: Int, deliveriesAtMost: Int) {
        self.changesAtMost = changesAtMost
        self.deliveriesAtMost = deliveriesAtMost
    }

    /// False when there is no room.
    mutating func append(_ change: Change, key: String) -> Bool {
        guard count < changesAtMost else { return false }
        count += 1
        if waiting[key, default: []].isEmpty, !underWay.contains(key) { ready.append(key) }
        waiting[key, default: []].append(change)
        return true
    }

    /// A change that may be delivered now; nil when there is none, or enough are under way.
    mutating func next() -> (key: String, change: Change)? {
        guard underWay.count < deliveriesAtMost, !ready.isEmpty else { return nil }
        let key = ready.removeFirst()
        guard let change = waiting[key]?.first else { return nil }
        underWay.insert(key)
        return (key, change)
    }

    /// The change of that key that was under way is done with.
    mutating func ended(_ key: String) {
        guard underWay.remove(key) != nil else { return }
        count -= 1
        waiting[key]?.removeFirst()
        if waiting[key]?.isEmpty == true { waiting[key] = nil } else { ready.append(key) }
    }
}
