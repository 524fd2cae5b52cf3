import NIOCore

/// One event loop's part of an ``HTTPClient``: a pool per origin.
///
/// Lives on its loop; hence the unchecked Sendable.
final class LoopClient: @unchecked Sendable {
    let context: LoopContext
    let limits: WireLimits
    let observer: any WireObserver
    let tlsContexts: ClientTLSContexts
    /// A coarse clock for idle times: counts sweeps, so that parking a connection asks no real clock.
    private(set) var tick: UInt64 = 0

    private var pools: [Origin: OriginPool] = [:]
    /// Most requests of a loop go where the last one went.
    private var latest: OriginPool?
    private var isSweepScheduled = false
    private var isClosing = false
    private var drained: [EventLoopPromise<Void>] = []

    /// Sweeps that pass in one ``WireLimits/idleTimeout``.
    private static let sweepsPerIdleTimeout: UInt64 = 4

    init(context: LoopContext, limits: WireLimits, observer: any WireObserver, tlsContexts: ClientTLSContexts) {
        self.context = context
        self.tlsContexts = tlsContexts
        self.limits = limits
        self.observer = observer
    }

    func start(_ exchange: ClientExchange, to origin: Origin) {
        context.loop.assertInEventLoop()
        if isClosing {
            return context.loop.execute { exchange.failed(WireError(.closing, "the client is closing")) }
        }
        if let latest, latest.origin == origin { return latest.start(exchange) }
        let pool = pools[origin] ?? makePool(origin)
        latest = pool
        pool.start(exchange)
    }

    private func makePool(_ origin: Origin) -> OriginPool {
        let pool = OriginPool(origin: origin, owner: self)
        pools[origin] = pool
        return pool
    }

    /// A pool without connections and requests is forgotten, so that origins seen once cost nothing.
    func remove(_ pool: OriginPool) {
        pools[pool.origin] = nil
        if latest === pool { latest = nil }
        if isClosing, pools.isEmpty { tellDrained() }
    }

    // MARK: - Idle connections

    /// Some connection is idle now.
    func connectionParked() {
        if !isSweepScheduled { scheduleSweep() }
    }

    private func scheduleSweep() {
        isSweepScheduled = true
        let interval = TimeAmount.nanoseconds(max(1, limits.idleTimeout.nanoseconds / Int64(Self.sweepsPerIdleTimeout)))
        context.loop.scheduleTask(in: interval) { [weak self] in self?.sweep() }
    }

    private func sweep() {
        isSweepScheduled = false
        tick += 1
        if tick > Self.sweepsPerIdleTimeout {
            let deadline = tick - Self.sweepsPerIdleTimeout - 1
            for pool in Array(pools.values) { pool.closeIdle(unusedSince: deadline) }
        }
        if pools.values.contains(where: \.hasIdleConnections) { scheduleSweep() }
    }

    // MARK: - Closing

    /// Takes no further request and closes each connection once its work is done.
    func drain() -> EventLoopFuture<Void> {
        let promise = context.loop.makePromise(of: Void.self)
        drained.append(promise)
        isClosing = true
        for pool in Array(pools.values) { pool.drain() }
        if pools.isEmpty { tellDrained() }
        return promise.futureResult
    }

    private func tellDrained() {
        let waiting = drained
        drained = []
        for promise in waiting { promise.succeed() }
    }
}
