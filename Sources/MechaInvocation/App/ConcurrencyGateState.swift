import DequeModule

/// Who may call an app now and who waits, in the order of arrival (`--app-max-concurrency`).
struct ConcurrencyGateState<Waiter> {
    typealias Entry = ConcurrencyGateEntry

    let limit: Int
    let waitingAtMost: Int
    private(set) var running = 0
    private var queue = Deque<(number: Int, waiter: Waiter?)>()
    private var nextNumber = 0
    /// Entries of `queue` that still wait.
    private(set) var waiting = 0

    init(limit: Int, waitingAtMost: Int) {
        self.limit = limit
        self.waitingAtMost = waitingAtMost
    }

    /// - Parameter waiter: kept when there is no room now.
    mutating func enter(_ waiter: @autoclosure () -> Waiter) -> Entry {
        if running < limit {
            running += 1
            return .admitted
        }
        guard waiting < waitingAtMost else { return .rejected }
        defer { nextNumber += 1 }
        waiting += 1
        queue.append((nextNumber, waiter()))
        return .queued(nextNumber)
    }

    /// One call is over; who takes its place.
    mutating func leave() -> Waiter? {
        while let (_, waiter) = queue.popFirst() {
            guard let waiter else { continue }
            waiting -= 1
            return waiter
        }
        running -= 1
        return nil
    }

    /// Takes somebody out of the queue; nil when it is his turn already.
    mutating func cancel(_ number: Int) -> Waiter? {
        guard let first = queue.first?.number, number >= first, number - first < queue.count,
            let waiter = queue[number - first].waiter
        else { return nil }
        queue[number - first].waiter = nil
        waiting -= 1
        return waiter
    }
}
