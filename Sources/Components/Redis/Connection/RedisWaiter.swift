import MechaCore
import NIOCore

/// Who is told the outcome of a request.
enum RedisWaiter {
    /// A suspended call. Resumed exactly once, like all of these.
    case call(UnsafeContinuation<RedisReplies, any Error>)
    /// The driver's own requests (hello, topology).
    case driver(EventLoopPromise<RedisReplies>)
    /// Nobody: keep-alive.
    case nobody

    func succeed(_ replies: RedisReplies) {
        switch self {
        case .call(let continuation): continuation.resume(returning: replies)
        case .driver(let promise): promise.succeed(replies)
        case .nobody: break
        }
    }

    func fail(_ error: CapabilityError) {
        switch self {
        case .call(let continuation): continuation.resume(throwing: error)
        case .driver(let promise): promise.fail(error)
        case .nobody: break
        }
    }
}
