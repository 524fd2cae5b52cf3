import MechaCore
import NIOCore

/// The driver's part on one event loop. Confined to it, hence the unchecked Sendable.
final class RedisLoop: @unchecked Sendable {
    let loop: any EventLoop
    private var router: (any RedisRouter)?

    init(loop: any EventLoop) { self.loop = loop }

    func start(_ configuration: RedisConfiguration, _ connector: RedisConnector, onStatusChange: @escaping @Sendable (ComponentStatus) -> Void) {
        loop.assertInEventLoop()
        let (candidates, masterName): ([RedisAddress], String?)
        switch configuration.topology {
        case .node(let addresses): (candidates, masterName) = (addresses, nil)
        case .sentinel(let sentinels, let master): (candidates, masterName) = (sentinels, master)
        case .cluster(let seeds): (candidates, masterName) = (seeds, nil)
        }
        let finder = RedisMasterFinder(loop: loop, connector: connector, candidates: candidates, masterName: masterName)
        router = RedisSingleRouter(
            loop: loop, configuration: configuration,
            onStatusChange: { [weak self] in
                if let status = self?.router?.status { onStatusChange(status) }
            },
            makeConnection: { finder.connect() })
    }

    func send(
        to target: RedisTarget, lane: RedisLane, replies: Int, timeout: TimeAmount?, waiter: RedisWaiter,
        _ encode: (inout RESPWriter) -> Void
    ) {
        guard let router else {
            return waiter.fail(CapabilityError(.closed, "the Redis component is not started"))
        }
        var isAsking = false
        if case .node(_, true) = target { isAsking = true }
        router.link(to: target, lane: lane).send(
            replies: isAsking ? replies * 2 : replies, timeout: timeout, isAsking: isAsking, to: waiter, encode)
    }

    func wake() { router?.wake() }

    func serverIsWrong(_ target: RedisTarget, _ reason: CapabilityError) { router?.serverIsWrong(target, reason) }

    func keyHolders() -> EventLoopFuture<[RedisTarget]> {
        router?.keyHolders() ?? loop.makeFailedFuture(CapabilityError(.closed, "the Redis component is not started"))
    }

    func close() -> EventLoopFuture<Void> {
        router?.close() ?? loop.makeSucceededVoidFuture()
    }
}
