import MechaWire
import NIOCore

extension EventLoop {
    /// Starts `body` here and now on one of the runtime's own loops, else as a task of the common pool. To be called on
    /// the loop.
    func runTask(_ body: @escaping @Sendable () async -> Void) {
        if let context = LoopContext.current, context.loop === self {
            context.run(body)
        } else {
            Task { await body() }
        }
    }
}
