import DequeModule

/// Decides which connection to an origin carries which request: when to dial, whom to let wait, what to
/// close. Knows no channel and no clock; an ``OriginPool`` carries its decisions out.
struct PoolStateMachine<Connection: Equatable, Request: PoolRequest> {
    /// How many requests one connection carries at once, as far as known.
    enum Mode {
        /// TLS will tell which protocol is spoken.
        case unknown
        /// HTTP/1.1: one.
        case exclusive
        /// HTTP/2: many.
        case multiplexed
    }

    struct Limits {
        var connections: Int
        var idleConnections: Int
        var waitingRequests: Int
    }

    enum Arrival {
        case start(Connection)
        case wait(dials: Int)
        case reject
    }

    enum Release {
        case start(Request)
        case park
        case close
    }

    private struct Idle {
        var connection: Connection
        var since: UInt64
    }

    private struct Multiplexed {
        var connection: Connection
        var open: Int
        var limit: Int
        /// False once the peer or we want no further request on it.
        var isAccepting: Bool
        var idleSince: UInt64
    }

    private let limits: Limits
    private(set) var mode: Mode
    /// Least recently used first.
    private var idle: [Idle] = []
    private var multiplexed: [Multiplexed] = []
    private var waiting = Deque<Request>()
    /// Entries of `waiting` that were given up; they are skipped when their turn comes.
    private var abandoned = 0
    private(set) var dialing = 0
    private(set) var leased = 0
    private(set) var isDraining = false

    init(mode: Mode, limits: Limits) {
        self.mode = mode
        self.limits = limits
    }

    var waitingCount: Int { waiting.count - abandoned }
    var connectionCount: Int { idle.count + leased + multiplexed.count }
    var isEmpty: Bool { connectionCount == 0 && dialing == 0 && waitingCount == 0 }
    var hasIdleConnections: Bool { !idle.isEmpty || multiplexed.contains { $0.open == 0 } }
    /// Whether a request waits because no further connection may be opened.
    var isAtConnectionLimit: Bool { connectionCount + dialing >= limits.connections }

    // MARK: - Requests

    mutating func requestArrived(_ request: Request) -> Arrival {
        if let last = idle.popLast() {
            leased += 1
            return .start(last.connection)
        }
        if let connection = takeStream() { return .start(connection) }
        guard waitingCount < limits.waitingRequests else { return .reject }
        waiting.append(request)
        return .wait(dials: takeDials())
    }

    /// A request that failed on a connection that had gone stale: first in line, with a new connection.
    mutating func retryArrived(_ request: Request) -> Arrival {
        waiting.prepend(request)
        if mode == .exclusive {
            dialing += 1
            return .wait(dials: 1)
        }
        return .wait(dials: takeDials())
    }

    mutating func waitingRequestAbandoned() {
        abandoned += 1
        if abandoned > 64, abandoned > waiting.count / 2 {
            waiting.removeAll { $0.isFinished }
            abandoned = 0
        }
    }

    private mutating func popWaiting() -> Request? {
        while let request = waiting.popFirst() {
            if !request.isFinished { return request }
            abandoned -= 1
        }
        return nil
    }

    private mutating func takeDials() -> Int {
        let room = max(0, limits.connections - connectionCount - dialing)
        let wanted = mode == .exclusive ? waitingCount - dialing : (waitingCount > 0 && dialing == 0 ? 1 : 0)
        let dials = max(0, min(wanted, room))
        dialing += dials
        return dials
    }

    // MARK: - Dialing

    /// A connection that carries one request at a time is there.
    mutating func exclusiveConnected(_ connection: Connection, at now: UInt64) -> (release: Release, dials: Int) {
        dialing -= 1
        leased += 1
        mode = .exclusive
        let release = connectionReleased(connection, at: now)
        return (release, takeDials())
    }

    /// A connection that carries up to `limit` requests at once is there.
    mutating func multiplexedConnected(_ connection: Connection, limit: Int, at now: UInt64) -> (starts: [Request], dials: Int) {
        dialing -= 1
        mode = .multiplexed
        multiplexed.append(
            Multiplexed(connection: connection, open: 0, limit: limit, isAccepting: !isDraining || waitingCount > 0, idleSince: now))
        return (takeStarts(on: multiplexed.count - 1), takeDials())
    }

    /// Dialing failed. When no other connection lives, everybody who waits learns of it; otherwise the
    /// first in line does, since the origin evidently answers.
    mutating func dialFailed() -> (failed: [Request], dials: Int) {
        dialing -= 1
        guard connectionCount == 0 else {
            return (popWaiting().map { [$0] } ?? [], takeDials())
        }
        let failed = Array(waiting.filter { !$0.isFinished })
        waiting.removeAll()
        abandoned = 0
        return (failed, 0)
    }

    // MARK: - Exclusive connections

    mutating func connectionReleased(_ connection: Connection, at now: UInt64) -> Release {
        if !waiting.isEmpty, let request = popWaiting() { return .start(request) }
        guard !isDraining, idle.count < limits.idleConnections else { return .close }
        leased -= 1
        idle.append(Idle(connection: connection, since: now))
        return .park
    }

    /// A connection is gone, whatever it was doing. Number of connections to dial for those who wait.
    mutating func connectionClosed(_ connection: Connection) -> Int {
        if let index = idle.lastIndex(where: { $0.connection == connection }) {
            idle.remove(at: index)
        } else if let index = multiplexed.firstIndex(where: { $0.connection == connection }) {
            multiplexed.remove(at: index)
        } else {
            leased -= 1
        }
        return takeDials()
    }

    // MARK: - Multiplexed connections

    private mutating func takeStream() -> Connection? {
        for index in multiplexed.indices where multiplexed[index].isAccepting && multiplexed[index].open < multiplexed[index].limit {
            multiplexed[index].open += 1
            return multiplexed[index].connection
        }
        return nil
    }

    private mutating func takeStarts(on index: Int) -> [Request] {
        var starts: [Request] = []
        while multiplexed[index].isAccepting, multiplexed[index].open < multiplexed[index].limit, let request = popWaiting() {
            multiplexed[index].open += 1
            starts.append(request)
        }
        return starts
    }

    /// The peer allows another number of streams.
    mutating func streamLimitChanged(_ connection: Connection, to limit: Int) -> [Request] {
        guard let index = multiplexed.firstIndex(where: { $0.connection == connection }) else { return [] }
        multiplexed[index].limit = limit
        return takeStarts(on: index)
    }

    mutating func streamClosed(_ connection: Connection, at now: UInt64) -> Release {
        guard let index = multiplexed.firstIndex(where: { $0.connection == connection }) else { return .park }
        multiplexed[index].open -= 1
        let entry = multiplexed[index]
        if entry.isAccepting, entry.open < entry.limit, let request = popWaiting() {
            multiplexed[index].open += 1
            return .start(request)
        }
        if entry.open == 0 {
            multiplexed[index].idleSince = now
            if isDraining || !entry.isAccepting { return .close }
        }
        return .park
    }

    /// The peer announced that it takes no further request (GOAWAY). Number of connections to dial.
    mutating func stoppedAccepting(_ connection: Connection) -> Int {
        guard let index = multiplexed.firstIndex(where: { $0.connection == connection }) else { return 0 }
        multiplexed[index].isAccepting = false
        return takeDials()
    }

    // MARK: - Ending

    /// The connections that nobody has used since `deadline`; each leaves when its end is reported.
    func idleConnections(unusedSince deadline: UInt64) -> [Connection] {
        idle.prefix { $0.since <= deadline }.map(\.connection)
            + multiplexed.filter { $0.open == 0 && $0.idleSince <= deadline }.map(\.connection)
    }

    /// From now on no connection is kept once its work is done; those without work are returned.
    mutating func drain() -> [Connection] {
        isDraining = true
        return idleConnections(unusedSince: .max)
    }
}
