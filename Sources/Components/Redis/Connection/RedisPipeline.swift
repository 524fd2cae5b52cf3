import MechaCore
import NIOCore

/// The requests of one connection, from the moment they are written to their replies, which come in
/// the same order. Knows no channel and no clock; ``RedisConnection`` does what it says.
struct RedisPipeline<Waiter> {
    private struct Request {
        var waiter: Waiter
        var replies: Int
        var bytes: Int
        var deadline: NIODeadline
    }

    private enum Phase { case open, draining, closed }

    private let limits: RedisLimits
    private var requests = CircularBuffer<Request>()
    private var unansweredBytes = 0
    private var unsent = 0
    private var isTimerArmed = false
    private var phase = Phase.open

    init(limits: RedisLimits) { self.limits = limits }

    var isIdle: Bool { requests.isEmpty }
    /// Whether something was written since the last flush.
    var hasUnsent: Bool { unsent > 0 }
    /// How many replies the oldest request waits for; 0 when none was sent, so that a server which talks
    /// out of turn is found out.
    var expectedReplies: Int { requests.count > unsent ? requests.first?.replies ?? 0 : 0 }

    /// Why no further request can be taken now; nil when one can.
    var refusal: CapabilityError? {
        guard phase == .open else { return CapabilityError(.closed, "the Redis connection is closing") }
        guard requests.count < limits.inFlightPerConnection else {
            return CapabilityError(
                .resourceExhausted, "\(limits.inFlightPerConnection) Redis requests are in flight (inFlightPerConnection)")
        }
        guard unansweredBytes < limits.unansweredBytesPerConnection else {
            return CapabilityError(
                .resourceExhausted,
                "\(limits.unansweredBytesPerConnection) bytes of Redis requests are unanswered (unansweredBytesPerConnection)")
        }
        return nil
    }

    /// What has to happen after a request was written.
    struct Enqueued: Equatable {
        /// The first request since the last flush: a flush must be arranged.
        var needsFlush: Bool
        /// No timer runs yet: one must be started for this moment.
        var armTimer: NIODeadline?
    }

    /// A request of `bytes` was written. To be called only while ``refusal`` is nil.
    mutating func enqueue(_ waiter: Waiter, replies: Int, bytes: Int, deadline: NIODeadline) -> Enqueued {
        requests.append(Request(waiter: waiter, replies: replies, bytes: bytes, deadline: deadline))
        unansweredBytes += bytes
        unsent += 1
        let needsTimer = !isTimerArmed
        isTimerArmed = true
        return Enqueued(needsFlush: unsent == 1, armTimer: needsTimer ? deadline : nil)
    }

    /// Everything written so far was handed to the socket.
    mutating func flushed() { unsent = 0 }

    /// All replies of the oldest request are here. Nil when none was sent.
    mutating func replied() -> Waiter? {
        guard requests.count > unsent, let request = requests.popFirst() else { return nil }
        unansweredBytes -= request.bytes
        return request.waiter
    }

    enum TimerAction: Equatable {
        case none
        case rearm(NIODeadline)
        /// The oldest request is late, and with it everything behind it: the connection is of no use.
        case expired
    }

    mutating func timerFired(now: NIODeadline) -> TimerAction {
        isTimerArmed = false
        guard let oldest = requests.first else { return .none }
        guard oldest.deadline > now else { return .expired }
        isTimerArmed = true
        return .rearm(oldest.deadline)
    }

    /// Takes no further request. True when the connection can be closed at once; else when
    /// ``isIdle`` becomes true.
    mutating func drain() -> Bool {
        if phase == .open { phase = .draining }
        return requests.isEmpty
    }

    var isDraining: Bool { phase == .draining }

    /// Who must be told what.
    struct Failures {
        /// What may have reached the server: its outcome is unknown.
        var sent: [Waiter]
        /// What never left: it may be tried again without danger.
        var unsent: [Waiter]
    }

    /// The connection is gone.
    mutating func lost() -> Failures {
        phase = .closed
        let sentCount = requests.count - unsent
        let failures = Failures(
            sent: requests.prefix(sentCount).map(\.waiter), unsent: requests.dropFirst(sentCount).map(\.waiter))
        requests.removeAll()
        unsent = 0
        unansweredBytes = 0
        return failures
    }
}
