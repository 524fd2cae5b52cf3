import NIOCore

/// The bounds of the driver.
public struct RedisLimits: Sendable, Equatable {
    /// Requests sent or about to be sent and not answered, per connection. Beyond: `resourceExhausted`.
    public var inFlightPerConnection = 10_000
    /// Their bytes. One request may go beyond; the next is refused.
    public var unansweredBytesPerConnection = 64 << 20
    /// Calls that wait for the first connection, per loop and server. Beyond: `resourceExhausted`.
    public var callsWaitingForConnection = 1_000
    /// Their bytes.
    public var bytesWaitingForConnection = 16 << 20
    /// How long a call waits for a connection that is just being made. While a server is known to be
    /// away, calls do not wait at all.
    public var connectionWait: TimeAmount = .seconds(2)
    /// How long a connection may be silent before it is checked with `PING`.
    public var keepAliveInterval: TimeAmount = .seconds(15)
    /// A connection that lived shorter counts as a failed attempt, so that a server which accepts and
    /// drops is not hammered.
    public var stableConnectionTime: TimeAmount = .seconds(1)
    /// How often one call follows `MOVED` and `ASK` before it gives up.
    public var redirects = 5
    /// Nodes of a cluster that are talked to.
    public var clusterNodes = 1_000
    /// Keys read by one round of a bulk read.
    public var keysPerRound = 256
    /// Bounds of what the server may send.
    public var replies = RESPLimits()

    public init() {}
}
