/// Lets at most so many calls run at once; further ones wait in the order in which they came, and beyond
/// a bounded queue they are refused. `Waiter` is what wakes a waiting call.
public struct ConcurrencyLimiter<Waiter> {
    /// A place in the queue.
    public struct Ticket: Sendable, Hashable {
        fileprivate let number: UInt64
    }

    public enum Arrival: Sendable, Hashable {
        /// Run now; ``finished()`` must follow.
        case run
        /// Wait to be woken, or ``leave(_:)``.
        case wait(Ticket)
        /// The queue is full.
        case refused
    }

    /// Waiting calls at most, unless said otherwise.
    public static var defaultMaximumWaiting: Int { 10_000 }

    /// Nil for no limit.
    public private(set) var maximumRunning: Int?
    public let maximumWaiting: Int
    public private(set) var running = 0
    /// Calls refused so far.
    public private(set) var refusals: UInt64 = 0
    private var queue: [UInt64: Waiter] = [:]
    /// No ticket in the queue is lower than `first`; `next` was not given yet.
    private var first: UInt64 = 0
    private var next: UInt64 = 0

    public init(maximumRunning: Int?, maximumWaiting: Int = defaultMaximumWaiting) {
        self.maximumRunning = maximumRunning
        self.maximumWaiting = maximumWaiting
    }

    public var waiting: Int { queue.count }

    private var hasRoom: Bool { maximumRunning.map { running < $0 } ?? true }

    /// A call wants to run; `waiter` is asked for only when it must wait.
    public mutating func arrive(_ waiter: @autoclosure () -> Waiter) -> Arrival {
        if hasRoom, queue.isEmpty {
            running += 1
            return .run
        }
        guard queue.count < maximumWaiting else {
            refusals += 1
            return .refused
        }
        defer { next += 1 }
        queue[next] = waiter()
        return .wait(Ticket(number: next))
    }

    /// A running call ended. The one that is answered runs now in its place and must be woken.
    public mutating func finished() -> Waiter? {
        running -= 1
        return hasRoom ? admitNext() : nil
    }

    /// A waiting call gives up. Nil when it was woken already: then it runs and must end by ``finished()``.
    public mutating func leave(_ ticket: Ticket) -> Waiter? {
        queue.removeValue(forKey: ticket.number)
    }

    /// Changes the limit, as a reload may. Those answered run now and must be woken.
    public mutating func setMaximumRunning(_ maximum: Int?) -> [Waiter] {
        maximumRunning = maximum
        var admitted: [Waiter] = []
        while hasRoom, let waiter = admitNext() { admitted.append(waiter) }
        return admitted
    }

    /// Empties the queue, as at shutdown. Those answered do not run and must be refused.
    public mutating func drain() -> [Waiter] {
        defer { queue = [:] }
        return queue.sorted { $0.key < $1.key }.map(\.value)
    }

    private mutating func admitNext() -> Waiter? {
        while first < next {
            defer { first += 1 }
            if let waiter = queue.removeValue(forKey: first) {
                running += 1
                return waiter
            }
        }
        return nil
    }
}

extension ConcurrencyLimiter: Sendable where Waiter: Sendable {}
