import NIOCore

/// The bounds of the client.
struct NATSLimits: Sendable, Equatable {
    /// A line of the protocol; the longest is the server's `INFO`.
    var lineBytes = 64 << 10
    /// Headers and body of one message.
    var messageBytes = 64 << 20
    /// Requests sent and not answered, per connection. Beyond: `resourceExhausted`.
    var requestsInFlight = 10_000
    /// Their bytes.
    var unansweredBytes = 64 << 20
    /// Calls that wait for a connection that is being made, per loop. Beyond: `resourceExhausted`.
    var callsWaitingForConnection = 1_000
    /// How often a silent connection is checked; two checks without an answer end it.
    var keepAliveInterval: TimeAmount = .seconds(15)
    /// Until a new connection is ready for use, TLS and login included.
    var dialTimeout: TimeAmount = .seconds(5)
    /// From the moment a request is written until its answer.
    var requestTimeout: TimeAmount = .seconds(5)
    /// Pause after the first failed attempt to connect; it doubles up to the greatest.
    var minimumRetryInterval: TimeAmount = .milliseconds(20)
    var maximumRetryInterval: TimeAmount = .seconds(2)
}
