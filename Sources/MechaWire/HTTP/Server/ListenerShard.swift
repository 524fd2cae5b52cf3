import NIOCore

/// The connections that a listener has on one event loop, and what they share. Confined to that loop,
/// hence the unchecked Sendable.
///
/// Time limits are kept by one sweep over all connections at every tick instead of a timer each:
/// a request then costs no timer, and an idle connection no memory for one.
final class ListenerShard: @unchecked Sendable {
    let context: LoopContext
    let service: any HTTPService
    let observer: any WireObserver
    let limits: WireLimits
    let isSecure: Bool
    let isHTTP2Enabled: Bool

    /// Counts sweeps; connections note it where others would read a clock.
    private(set) var tick: UInt32 = 0
    let tickInterval: TimeAmount
    private(set) var isDraining = false
    /// Response heads are built here; after a write that the kernel took at once it is free again.
    var scratch = ByteBuffer()

    private var connections: [any ServerConnection] = []
    private var sweeper: RepeatedTask?
    private var emptyPromise: EventLoopPromise<Void>?

    init(context: LoopContext, service: any HTTPService, observer: any WireObserver, options: ListenerOptions) {
        self.context = context
        self.service = service
        self.observer = observer
        limits = options.limits
        isSecure = options.tls != nil
        isHTTP2Enabled = options.isHTTP2Enabled
        let shortest = min(options.limits.headerReadTimeout, options.limits.idleTimeout)
        tickInterval = max(.milliseconds(10), min(.seconds(1), .nanoseconds(shortest.nanoseconds / 8)))
    }

    /// Whether `timeout` has passed since the tick `since`.
    func hasPassed(_ timeout: TimeAmount, since: UInt32) -> Bool {
        Int64(tick &- since) * tickInterval.nanoseconds >= timeout.nanoseconds
    }

    /// The number of the time window of `length` that the present tick is in.
    func window(of length: TimeAmount) -> UInt32 {
        tick / max(1, UInt32(clamping: length.nanoseconds / tickInterval.nanoseconds))
    }

    func add(_ connection: any ServerConnection) {
        context.loop.assertInEventLoop()
        connection.shardIndex = connections.count
        connections.append(connection)
        observer.connectionOpened(isInbound: true)
        startSweeping()
    }

    /// Puts `connection` where another of the same channel stood (after a change of protocol).
    func replace(_ old: any ServerConnection, with connection: any ServerConnection) {
        guard owns(old) else { return }
        connection.shardIndex = old.shardIndex
        connections[old.shardIndex] = connection
        old.shardIndex = -1
    }

    func remove(_ connection: any ServerConnection) {
        guard owns(connection) else { return }
        let index = connection.shardIndex
        connection.shardIndex = -1
        let last = connections.removeLast()
        if index < connections.count {
            connections[index] = last
            last.shardIndex = index
        }
        observer.connectionClosed(isInbound: true)
        if connections.isEmpty { emptyPromise?.succeed() }
    }

    private func owns(_ connection: any ServerConnection) -> Bool {
        connections.indices.contains(connection.shardIndex) && connections[connection.shardIndex] === connection
    }

    /// Drains every connection; the future succeeds when all are gone. After `limit` they are closed.
    func drain(within limit: TimeAmount) -> EventLoopFuture<Void> {
        context.loop.assertInEventLoop()
        isDraining = true
        if let emptyPromise { return emptyPromise.futureResult }
        let promise = context.loop.makePromise(of: Void.self)
        emptyPromise = promise
        if connections.isEmpty {
            promise.succeed()
            return promise.futureResult
        }
        for connection in connections { connection.drain() }
        let deadline = context.loop.scheduleTask(in: limit) { self.closeAll() }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        return promise.futureResult
    }

    func closeAll() {
        for connection in connections { connection.close() }
    }

    private func startSweeping() {
        guard sweeper == nil else { return }
        sweeper = context.loop.scheduleRepeatedTask(initialDelay: tickInterval, delay: tickInterval) { [weak self] task in
            guard let self, !connections.isEmpty else {
                self?.sweeper = nil
                return task.cancel()
            }
            tick &+= 1
            for connection in connections { connection.sweep() }
        }
    }
}
