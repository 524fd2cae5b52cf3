import MechaCore
import NIOCore

/// All keys are on one server, found anew (by Sentinel, or as the first of several addresses that is a
/// master) each time a connection is made.
final class RedisSingleRouter: RedisRouter {
    private let shared: RedisLink
    private let blocking: RedisLink

    init(
        loop: any EventLoop, configuration: RedisConfiguration, onStatusChange: @escaping () -> Void,
        makeConnection: @escaping @Sendable () -> EventLoopFuture<RedisConnection>
    ) {
        shared = RedisLink(loop: loop, configuration: configuration, makeConnection: makeConnection)
        blocking = RedisLink(loop: loop, configuration: configuration, makeConnection: makeConnection)
        shared.onStatusChange = onStatusChange
    }

    func link(to target: RedisTarget, lane: RedisLane) -> RedisLink { lane == .shared ? shared : blocking }

    func wake() { shared.wake() }

    func serverIsWrong(_ target: RedisTarget, _ reason: CapabilityError) {
        shared.reconnect(reason)
        blocking.reconnect(reason)
    }

    func keyHolders() -> EventLoopFuture<[RedisTarget]> { shared.loop.makeSucceededFuture([.any]) }

    var status: ComponentStatus { shared.status }

    func close() -> EventLoopFuture<Void> {
        shared.close().and(blocking.close()).map { _ in () }
    }
}
