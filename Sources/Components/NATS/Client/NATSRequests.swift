import MechaCore
import NIOCore

/// Requests that wait for their answers on one connection, found by the last token of the answer's subject.
/// Knows no connection and no clock.
struct NATSRequests<Waiter> {
    private struct Request {
        var waiter: Waiter
        var bytes: Int
    }

    private let limits: NATSLimits
    private var requests: [UInt64: Request] = [:]
    /// Oldest first; with those that are answered already.
    private var deadlines = CircularBuffer<(id: UInt64, deadline: NIODeadline)>()
    private var nextID: UInt64 = 0
    private var unansweredBytes = 0

    init(limits: NATSLimits) { self.limits = limits }

    var count: Int { requests.count }

    /// Why no further request can be taken now; nil when one can.
    var refusal: CapabilityError? {
        guard requests.count < limits.requestsInFlight else {
            return CapabilityError(.resourceExhausted, "\(limits.requestsInFlight) NATS requests are in flight (requestsInFlight)")
        }
        guard unansweredBytes < limits.unansweredBytes else {
            return CapabilityError(.resourceExhausted, "\(limits.unansweredBytes) bytes of NATS requests are unanswered (unansweredBytes)")
        }
        return nil
    }

    /// Answers the token for the reply subject, and whether the timer must be started.
    mutating func add(_ waiter: Waiter, bytes: Int, deadline: NIODeadline) -> (token: UInt64, isFirst: Bool) {
        nextID += 1
        let isFirst = requests.isEmpty
        if isFirst { deadlines.removeAll(keepingCapacity: true) }
        requests[nextID] = Request(waiter: waiter, bytes: bytes)
        deadlines.append((nextID, deadline))
        unansweredBytes += bytes
        return (nextID, isFirst)
    }

    /// The answer to a token came. Nil when nobody waits for it any more.
    mutating func answered(_ token: UInt64) -> Waiter? {
        guard let request = requests.removeValue(forKey: token) else { return nil }
        unansweredBytes -= request.bytes
        return request.waiter
    }

    /// Everyone who has waited too long, and when to look again.
    mutating func expire(now: NIODeadline) -> (expired: [Waiter], next: NIODeadline?) {
        var expired: [Waiter] = []
        while let first = deadlines.first {
            guard requests[first.id] == nil || first.deadline <= now else { break }
            deadlines.removeFirst()
            if let waiter = answered(first.id) { expired.append(waiter) }
        }
        return (expired, deadlines.first?.deadline)
    }

    /// The connection is gone.
    mutating func lost() -> [Waiter] {
        defer {
            requests.removeAll()
            deadlines.removeAll()
            unansweredBytes = 0
        }
        return requests.values.map(\.waiter)
    }
}
