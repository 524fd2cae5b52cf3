import MechaCore
import NIOCore

/// Finds the link for a call on one event loop, and owns that loop's links. Confined to the loop.
protocol RedisRouter: AnyObject {
    /// The link that leads to `target`, made if need be.
    func link(to target: RedisTarget, lane: RedisLane) -> RedisLink

    /// Closes the links of a lane that is not needed any more.
    func release(_ lane: RedisLane)

    /// Begins to connect, although no call needs it yet.
    func wake()

    /// Tries again at once where links wait for their next attempt.
    func retryNow()

    /// A server said that it is not the one that should be asked (`READONLY`).
    func serverIsWrong(_ target: RedisTarget, _ reason: CapabilityError)

    /// Every server that holds keys, as far as can be found out.
    func keyHolders() -> EventLoopFuture<[RedisTarget]>

    var status: ComponentStatus { get }

    /// Finishes what is in flight.
    func close() -> EventLoopFuture<Void>
}
