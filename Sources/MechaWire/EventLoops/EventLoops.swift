import NIOCore
import NIOPosix

/// The event loops of a process. Everything that listens, dials or serves uses these and no others.
public final class EventLoops: Sendable {
    public let group: MultiThreadedEventLoopGroup
    public let contexts: [LoopContext]

    /// One loop per core, at most four: a runtime beside an app leaves the machine to the app.
    public static var defaultCount: Int { min(4, max(1, System.coreCount)) }

    public init(count: Int) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: count)
        contexts = group.makeIterator().enumerated().map { LoopContext(loop: $1, index: $0) }
        for context in contexts {
            context.loop.execute { context.bindToThread() }
        }
    }

    private init(group: MultiThreadedEventLoopGroup, contexts: [LoopContext]) {
        self.group = group
        self.contexts = contexts
    }

    /// The loops of a group that exists already: with the contexts that they have, or new ones. For components,
    /// which are given a group and must stay on its loops.
    public static func joining(_ group: any EventLoopGroup) async throws -> EventLoops {
        guard let group = group as? MultiThreadedEventLoopGroup else {
            throw WireError(.closing, "the event loops are not of a kind that requests can run on")
        }
        var contexts: [LoopContext] = []
        for (index, loop) in group.makeIterator().enumerated() {
            contexts.append(
                try await loop.submit {
                    if let current = LoopContext.current { return current }
                    let context = LoopContext(loop: loop, index: index)
                    context.bindToThread()
                    return context
                }.get())
        }
        return EventLoops(group: group, contexts: contexts)
    }

    public var count: Int { contexts.count }

    /// The context of `loop`, which must be one of ours.
    public func context(of loop: any EventLoop) -> LoopContext {
        if let current = LoopContext.current, current.loop === loop { return current }
        return contexts.first { $0.loop === loop } ?? contexts[0]
    }

    /// The calling loop's context, or some loop's when called from elsewhere.
    public func any() -> LoopContext { LoopContext.current ?? context(of: group.next()) }

    public func shutdown() async { try? await group.shutdownGracefully() }
}
