import MechaCore
import MechaWire

/// Where the runtimes of other apps are; what was found out is kept per event loop.
final class PeerDirectory: Sendable {
    private let loops: [LoopPeers]

    init(resolver: any NameResolver, loops: EventLoops, limits: InvocationLimits) {
        self.loops = loops.contexts.map { LoopPeers(context: $0, resolver: resolver, limits: limits) }
    }

    /// The part of a loop; to be used on that loop.
    func on(_ context: LoopContext) -> LoopPeers { loops[context.index] }
}
