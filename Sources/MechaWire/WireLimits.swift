import NIOCore

/// The bounds of a listener or client; each is counted when it is hit (``WireObserver``).
public struct WireLimits: Sendable {
    /// Request line and headers together. Beyond: 431.
    public var headerBytes = 64 << 10
    /// One body that is collected into memory. Beyond: 413 (or RESOURCE_EXHAUSTED for gRPC).
    public var bodyBytes = 4 << 20
    /// Bytes of a body held for a consumer that is not ready; beyond, reading from the peer pauses.
    public var bufferedBodyBytes = 64 << 10
    /// HTTP/2 streams open at once on a connection.
    public var streamsPerConnection = 1_000
    /// Connections open at once on a listener. Beyond: 503 where possible, then close.
    public var connections = 20_000
    /// From the first byte of a request until its headers are complete. Beyond: 408.
    public var headerReadTimeout: TimeAmount = .seconds(10)
    /// A connection without any request under way.
    public var idleTimeout: TimeAmount = .seconds(300)
    /// Bytes waiting to be sent to one peer before writing counts as blocked.
    public var outboundBufferHighBytes = 256 << 10
    /// Bytes at which writing counts as free again.
    public var outboundBufferLowBytes = 64 << 10
    /// Stream resets by the peer per connection and ``resetWindow`` before the connection is closed
    /// with ENHANCE_YOUR_CALM (rapid reset).
    public var resetsPerWindow = 200
    public var resetWindow: TimeAmount = .seconds(10)
    /// PING, SETTINGS and PRIORITY frames of an HTTP/2 peer in any 10 milliseconds; beyond, the
    /// connection is closed with ENHANCE_YOUR_CALM. (gRPC clients that measure their bandwidth send
    /// one PING per round trip, so only a flood is much more.)
    public var controlFramesPer10Milliseconds = 256
    /// Bytes an HTTP/2 peer may send on one stream before they are consumed.
    public var streamWindowBytes = 256 << 10
    /// Bytes an HTTP/2 peer may send on a connection before they are consumed.
    public var connectionWindowBytes = 2 << 20
    /// Bytes waiting to be sent to one HTTP/2 peer on all its streams; beyond, new streams are refused.
    public var pendingConnectionBytes = 8 << 20
    /// Establishing an outgoing connection, TLS included.
    public var connectTimeout: TimeAmount = .seconds(5)
    /// Idle outgoing connections kept per origin and loop until their idle time is over. As many as there may be:
    /// to close what a load opened while the load lasts costs more than to keep it.
    public var idleConnectionsPerOrigin = 512
    /// Outgoing HTTP/1.1 connections per origin and loop; requests beyond wait.
    public var connectionsPerOrigin = 512
    /// Requests that wait for an outgoing connection, per origin and loop. Beyond: ``WireError/Code/overloaded``.
    public var waitingRequestsPerOrigin = 10_000

    /// Silence on an outgoing HTTP/2 connection with streams open after which the peer is asked for a sign
    /// of life; nil never asks.
    public var clientPingInterval: TimeAmount?
    /// A peer that does not answer a ping for so long is taken for dead.
    public var clientPingTimeout: TimeAmount = .seconds(20)

    public init() {}

    /// Which limit was hit, for metrics and messages.
    public enum Name: String, Sendable, CaseIterable {
        case headerBytes, bodyBytes, streamsPerConnection, connections, headerReadTimeout, idleTimeout
        case resets, controlFrames, pendingConnectionBytes, messageBytes, waitingRequests, connectionsPerOrigin
    }
}

/// Hears what a listener or client goes through; all calls are cheap and come on event loops.
public protocol WireObserver: Sendable {
    func limitExceeded(_ limit: WireLimits.Name)
    func connectionOpened(isInbound: Bool)
    func connectionClosed(isInbound: Bool)
}

/// Observes nothing.
public struct SilentWireObserver: WireObserver {
    public init() {}
    public func limitExceeded(_ limit: WireLimits.Name) {}
    public func connectionOpened(isInbound: Bool) {}
    public func connectionClosed(isInbound: Bool) {}
}
