import MechaCore
import NIOCore

/// Calls in a cluster: to the node that holds the key, and on to where that one sends them.
extension RedisClient {
    func callFollowingRedirects(
        _ first: RedisTarget, lane: RedisLane, home: RedisLoop?, replies: Int, timeout: TimeAmount?,
        _ encode: (inout RESPWriter) -> Void
    ) async throws -> RedisReplies {
        var target = first
        for _ in 0...configuration.limits.redirects {
            var answer = try await submit(target, lane: lane, home: home, replies: replies, timeout: timeout, encode)
            if target.isAsking { answer = try answer.withoutAcknowledgementsOfAsking() }
            guard answer.containsError, let redirect = try answer.firstRedirect() else { return answer }
            target = redirect.target
        }
        throw CapabilityError(
            .unavailable, "the Redis cluster sent the call on more than \(configuration.limits.redirects) times (redirects)")
    }

    /// Whether keys lie on different servers.
    var isCluster: Bool {
        if case .cluster = configuration.topology { true } else { false }
    }

    /// Throws when `keys` cannot be used together in one step, because a cluster keeps them apart.
    func requireOneServer(_ keys: [String]) throws(CapabilityError) {
        guard isCluster, let first = keys.first else { return }
        let slot = RedisSlot(key: first)
        guard keys.allSatisfy({ RedisSlot(key: $0) == slot }) else {
            throw CapabilityError(
                .invalidArgument,
                "the keys of a transaction lie on different servers of the Redis cluster; give them a common hash tag such as {order1}")
        }
    }
}

extension RedisReplies {
    /// The first order among the replies to ask elsewhere.
    fileprivate func firstRedirect() throws(CapabilityError) -> RedisRedirect? {
        do throws(RESPError) {
            for case .error(let error) in try values() {
                if let redirect = RedisRedirect(error) { return redirect }
            }
            return nil
        } catch {
            throw CapabilityError(redis: error)
        }
    }

    /// Leaves out every other reply, which answers `ASKING`.
    fileprivate func withoutAcknowledgementsOfAsking() throws(CapabilityError) -> RedisReplies {
        do throws(RESPError) {
            var reader = reader
            var rest = self
            rest.bytes.clear()
            while !reader.isAtEnd {
                try reader.skipValue()
                let start = reader.position
                try reader.skipValue()
                if let reply = bytes.getSlice(at: start, length: reader.position - start) { rest.bytes.writeImmutableBuffer(reply) }
            }
            return rest
        } catch {
            throw CapabilityError(redis: error)
        }
    }
}
