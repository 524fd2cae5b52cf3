import MechaCore
import NIOCore

/// All keys are on one server, found anew (by Sentinel, or as the first of several addresses that is a
/// master) each time a connection is made.
final class RedisSingleRouter: RedisRouter {
    private let shared: RedisLink
    /// Those of the other lanes, made when first used.
    private var others: [RedisLane: RedisLink] = [:]
    private let makeLink: () -> RedisLink

    init(
        loop: any EventLoop, configuration: RedisConfiguration, onStatusChange: @escaping () -> Void, onReachable: @escaping () -> Void,
        makeConnection: @escaping @Sendable () -> EventLoopFuture<RedisConnection>
    ) {
        makeLink = {
            let link = RedisLink(loop: loop, configuration: configuration, makeConnection: makeConnection)
            link.onReachable = onReachable
            return link
        }
        shared = makeLink()
        shared.onStatusChange = onStatusChange
    }

    func link(to target: RedisTarget, lane: RedisLane) -> RedisLink {
        if lane == .shared { return shared }
        if let link = others[lane] { return link }
        let link = makeLink()
        if case .closed = shared.status.phase { _ = link.close() } else { others[lane] = link }
        return link
    }

    func release(_ lane: RedisLane) {
        if let link = others.removeValue(forKey: lane) { _ = link.close() }
    }

    func wake() { shared.wake() }

    func retryNow() {
        shared.retryNow()
        for link in others.values { link.retryNow() }
    }

    func serverIsWrong(_ target: RedisTarget, _ reason: CapabilityError) {
        shared.reconnect(reason)
        for link in others.values { link.reconnect(reason) }
    }

    func keyHolders() -> EventLoopFuture<[RedisTarget]> { shared.loop.makeSucceededFuture([.any]) }

    var status: ComponentStatus { shared.status }

    func close() -> EventLoopFuture<Void> {
        .andAllComplete([shared.close()] + others.values.map { $0.close() }, on: shared.loop)
    }
}
