import NIOCore
import NIOHTTP1

/// Sends requests over pooled connections; each loop has pools of its own, so a request never changes loops.
public final class HTTPClient: Sendable {
    public let loops: EventLoops
    public let limits: WireLimits
    let observer: any WireObserver

    public init(loops: EventLoops, limits: WireLimits = .init(), observer: any WireObserver = SilentWireObserver()) {
        self.loops = loops
        self.limits = limits
        self.observer = observer
    }
}
