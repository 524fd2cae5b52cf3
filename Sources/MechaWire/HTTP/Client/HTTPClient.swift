import NIOCore
import NIOHTTP1

/// Sends requests over pooled connections; each loop has pools of its own, so a request never changes
/// loops and no lock is taken.
public final class HTTPClient: Sendable {
    public let loops: EventLoops
    public let limits: WireLimits
    private let loopClients: [LoopClient]

    public init(loops: EventLoops, limits: WireLimits = .init(), observer: any WireObserver = SilentWireObserver()) {
        self.loops = loops
        self.limits = limits
        let tlsContexts = ClientTLSContexts()
        self.loopClients = loops.contexts.map {
            LoopClient(context: $0, limits: limits, observer: observer, tlsContexts: tlsContexts)
        }
    }

    /// Begins a request; must be called on `context`'s loop, where everything about it then happens.
    ///
    /// The head's target goes out as it is. Its hop-by-hop fields do not, `host` is added where missing,
    /// and the body (if `hasBody`) is framed by the head's `content-length`, or chunked. `sink` hears how
    /// it goes on, in the normal case not before this returns.
    public func start(
        _ head: HTTPRequestHead, to origin: Origin, on context: LoopContext, hasBody: Bool, sink: any ResponseSink
    ) -> ClientExchange {
        let exchange = ClientExchange(context: context, head: head, hasBody: hasBody, sink: sink, limits: limits)
        loopClients[context.index].start(exchange, to: origin)
        return exchange
    }

    /// Refuses new requests (``WireError/Code/closing``) and returns when those under way are done and
    /// all connections are closed.
    public func close() async {
        for loopClient in loopClients {
            // A loop that is shut down already has no connections left to wait for.
            try? await loopClient.context.loop.flatSubmit { loopClient.drain() }.get()
        }
    }
}
