/// Which server a call is for.
enum RedisTarget: Sendable, Equatable {
    /// Any that serves requests.
    case any
    /// The one that holds this slot; without a cluster, the only one.
    case slot(RedisSlot)
    /// A certain node of a cluster.
    case node(RedisAddress)
    /// A node to which the holder of a slot has sent the call, because the slot is there now.
    case moved(RedisAddress)
    /// A node to which the holder of a slot has sent this one call, because the slot is moving there.
    case asking(RedisAddress)

    var isAsking: Bool {
        if case .asking = self { true } else { false }
    }
}

/// Which of the connections to a server carries a call.
public enum RedisLane: Sendable, Hashable {
    /// The one that all calls of a loop share. For commands that the server answers at once.
    case shared
    /// Another one, for commands that keep their connection waiting (`WAIT`), so that nothing else does.
    case blocking
    /// The one of a single subscription, which waits on it for messages.
    case feed(UInt64)
}
