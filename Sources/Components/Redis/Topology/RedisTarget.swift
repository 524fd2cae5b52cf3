/// Which server a call is for.
enum RedisTarget: Sendable, Equatable {
    /// Any that serves requests.
    case any
    /// The one that holds this slot; without a cluster, the only one.
    case slot(RedisSlot)
    /// A certain node of a cluster; while a slot moves there, `isAsking`.
    case node(RedisAddress, isAsking: Bool)
}

/// Which of the connections to a server carries a call.
public enum RedisLane: Sendable {
    /// The one that all calls of a loop share. For commands that the server answers at once.
    case shared
    /// Another one, for commands that keep their connection waiting (`WAIT`), so that nothing else does.
    case blocking
}
