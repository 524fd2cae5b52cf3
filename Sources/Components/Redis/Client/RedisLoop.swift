import MechaCore
import NIOCore

/// The driver's part on one event loop. Confined to it, hence the unchecked Sendable.
final class RedisLoop: @unchecked Sendable {
    let loop: any EventLoop
    private var router: (any RedisRouter)?

    init(loop: any EventLoop) { self.loop = loop }

    func start(
        _ configuration: RedisConfiguration, _ connector: RedisConnector, onStatusChange: @escaping @Sendable (ComponentStatus) -> Void,
        onReachable: @escaping @Sendable () -> Void
    ) {
        loop.assertInEventLoop()
        let report = { [weak self] in
            if let status = self?.router?.status { onStatusChange(status) }
        }
        switch configuration.topology {
        case .node(let addresses): router = singleRouter(configuration, connector, addresses, nil, report, onReachable)
        case .sentinel(let sentinels, let master): router = singleRouter(configuration, connector, sentinels, master, report, onReachable)
        case .cluster(let seeds):
            router = RedisClusterRouter(
                loop: loop, configuration: configuration, connector: connector, seeds: seeds, onStatusChange: report,
                onReachable: onReachable)
        }
    }

    private func singleRouter(
        _ configuration: RedisConfiguration, _ connector: RedisConnector, _ candidates: [RedisAddress], _ masterName: String?,
        _ report: @escaping () -> Void, _ onReachable: @escaping () -> Void
    ) -> RedisSingleRouter {
        let finder = RedisMasterFinder(loop: loop, connector: connector, candidates: candidates, masterName: masterName)
        return RedisSingleRouter(loop: loop, configuration: configuration, onStatusChange: report, onReachable: onReachable) {
            finder.connect()
        }
    }

    func send(
        to target: RedisTarget, lane: RedisLane, replies: Int, timeout: TimeAmount?, waiter: RedisWaiter,
        _ encode: (inout RESPWriter) -> Void
    ) {
        guard let router else {
            return waiter.fail(CapabilityError(.closed, "the Redis component is not started"))
        }
        // Every command has ASKING before it then, and so every reply has another before it.
        let isAsking = target.isAsking
        router.link(to: target, lane: lane).send(
            replies: isAsking ? replies * 2 : replies, timeout: timeout, isAsking: isAsking, to: waiter, encode)
    }

    func release(_ lane: RedisLane) { router?.release(lane) }

    func wake() { router?.wake() }

    /// A server that was away can be reached again.
    func retryNow() { router?.retryNow() }

    func serverIsWrong(_ target: RedisTarget, _ reason: CapabilityError) { router?.serverIsWrong(target, reason) }

    func keyHolders() -> EventLoopFuture<[RedisTarget]> {
        router?.keyHolders() ?? loop.makeFailedFuture(CapabilityError(.closed, "the Redis component is not started"))
    }

    func close() -> EventLoopFuture<Void> {
        router?.close() ?? loop.makeSucceededVoidFuture()
    }
}
