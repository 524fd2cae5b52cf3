import NIOCore

/// The connections of one event loop to one origin. Carries out what a ``PoolStateMachine`` decides.
///
/// Pool and connections refer to each other until the connection is closed, pool and owner until the pool
/// is empty. Lives on its loop; hence the unchecked Sendable.
final class OriginPool: @unchecked Sendable {
    let origin: Origin
    private let owner: LoopClient
    private let dialer: Dialer
    private var machine: PoolStateMachine<PooledConnection, ClientExchange>

    init(origin: Origin, owner: LoopClient) {
        self.origin = origin
        self.owner = owner
        let limits = owner.limits
        self.dialer = Dialer(origin: origin, owner: owner)
        self.machine = PoolStateMachine(
            mode: .init(origin),
            limits: .init(
                connections: limits.connectionsPerOrigin, idleConnections: limits.idleConnectionsPerOrigin,
                waitingRequests: limits.waitingRequestsPerOrigin))
    }

    var hasIdleConnections: Bool { machine.hasIdleConnections }
    var isEmpty: Bool { machine.isEmpty }

    // MARK: - Requests

    func start(_ exchange: ClientExchange) {
        switch machine.requestArrived(exchange) {
        case .start(let connection): connection.start(exchange)
        case .wait(let dials): wait(exchange, dials: dials)
        case .reject:
            owner.observer.limitExceeded(.waitingRequests)
            failSoon(exchange, WireError(.overloaded, "too many requests wait for a connection to \(origin)"))
        }
    }

    /// Sends a request again whose connection turned out to be dead, or refused it.
    func retry(_ exchange: ClientExchange) {
        exchange.detachForRetry()
        guard case .wait(let dials) = machine.retryArrived(exchange) else { return }
        wait(exchange, dials: dials)
    }

    private func wait(_ exchange: ClientExchange, dials: Int) {
        exchange.onCancelBeforeStart = { [weak self] in self?.abandoned() }
        if dials == 0, machine.isAtConnectionLimit { owner.observer.limitExceeded(.connectionsPerOrigin) }
        dial(dials)
    }

    private func abandoned() {
        machine.waitingRequestAbandoned()
        removeIfEmpty()
    }

    /// On the next turn of the loop, so that nobody hears of a failure before he holds the exchange.
    private func failSoon(_ exchange: ClientExchange, _ error: WireError) {
        owner.context.loop.execute { exchange.failed(error) }
    }

    // MARK: - Dialing

    private func dial(_ count: Int) {
        for _ in 0..<count {
            dialer.dial(for: self) { [self] result in
                switch result {
                case .success(let connection): connected(connection)
                case .failure(let error): dialFailed(error)
                }
            }
        }
    }

    private func connected(_ connection: PooledConnection) {
        owner.observer.connectionOpened(isInbound: false)
        switch connection {
        case .http1:
            let (release, dials) = machine.exclusiveConnected(connection, at: owner.tick)
            dial(dials)
            follow(release, connection)
        case .http2(let multiplexed):
            let (starts, dials) = machine.multiplexedConnected(connection, limit: multiplexed.streamLimit, at: owner.tick)
            dial(dials)
            for exchange in starts { connection.start(exchange) }
            if starts.isEmpty { owner.connectionParked() }
        }
    }

    private func dialFailed(_ error: WireError) {
        let (failed, dials) = machine.dialFailed()
        dial(dials)
        for exchange in failed { exchange.failed(error) }
        removeIfEmpty()
    }

    // MARK: - From connections

    /// A connection that carries one request at a time is free again.
    func released(_ connection: PooledConnection) {
        follow(machine.connectionReleased(connection, at: owner.tick), connection)
    }

    /// A stream of a multiplexed connection ended.
    func streamClosed(_ connection: PooledConnection) {
        follow(machine.streamClosed(connection, at: owner.tick), connection)
    }

    func streamLimitChanged(_ connection: PooledConnection, to limit: Int) {
        for exchange in machine.streamLimitChanged(connection, to: limit) { connection.start(exchange) }
    }

    func stoppedAccepting(_ connection: PooledConnection) {
        dial(machine.stoppedAccepting(connection))
    }

    func closed(_ connection: PooledConnection) {
        owner.observer.connectionClosed(isInbound: false)
        dial(machine.connectionClosed(connection))
        removeIfEmpty()
    }

    private func follow(
        _ release: PoolStateMachine<PooledConnection, ClientExchange>.Release, _ connection: PooledConnection
    ) {
        switch release {
        case .start(let exchange): connection.start(exchange)
        case .park: owner.connectionParked()
        case .close: connection.close()
        }
    }

    // MARK: - Ending

    func closeIdle(unusedSince deadline: UInt64) {
        for connection in machine.idleConnections(unusedSince: deadline) { connection.close() }
    }

    func drain() {
        for connection in machine.drain() { connection.close() }
        removeIfEmpty()
    }

    private func removeIfEmpty() {
        if machine.isEmpty { owner.remove(self) }
    }
}

extension PoolStateMachine.Mode {
    fileprivate init(_ origin: Origin) {
        switch (origin.version, origin.tls) {
        case (.http2, _): self = .multiplexed
        case (.automatic, .some): self = .unknown
        case (.http1, _), (.automatic, .none): self = .exclusive
        }
    }
}
