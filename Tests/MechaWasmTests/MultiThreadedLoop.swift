import MechaWire
import NIOCore
import NIOPosix

/// One event loop, and a task on it.
struct MultiThreadedLoop {
    let loops = EventLoops(count: 1)
    var context: LoopContext { loops.contexts[0] }

    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let context = context
        try await Task(executorPreference: context.executor) { try await body() }.value
    }

    func stop() { loops.group.shutdownGracefully { _ in } }
}
