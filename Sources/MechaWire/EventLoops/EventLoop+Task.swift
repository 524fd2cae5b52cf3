import NIOCore

extension EventLoop {
    /// Starts `body` in a task that has nothing of the calling one: on this loop, here and now where it can be, if it is
    /// one of the runtime's own; else in the common pool. To be called on the loop.
    package func startTask(_ body: @escaping @Sendable () async -> Void) {
        if let context = LoopContext.current, context.loop === self {
            context.start(body)
        } else {
            Task.detached { await body() }
        }
    }
}
