import NIOCore

/// The bounds of the driver.
struct RabbitLimits: Sendable, Equatable {
    /// The largest frame that is offered to the server; it may ask for less.
    var frameBytes = 128 << 10
    /// The largest message that is read. A larger one is passed over and stays unacknowledged.
    var messageBytes = 64 << 20
    /// Messages sent and not confirmed.
    var publishesInFlight = 1_000
    /// Messages that wait to be sent. Beyond: `resourceExhausted`.
    var publishesWaiting = 10_000
    /// Their bytes, sent ones included. One message may go beyond; the next is refused.
    var bytesWaiting = 16 << 20
    /// Exchanges that are known to be declared; with more, some are declared again.
    var exchangesKnown = 10_000
    /// How often one message is sent before it is given up, because the channel closes each time.
    var publishAttempts = 5
    /// How long `subscribe` waits for the server to confirm the subscription.
    var subscriptionWait: TimeAmount = .seconds(10)
    /// Until an unanswered request is taken for a channel that hangs in the server; the connection is made anew then.
    var answerWait: TimeAmount = .seconds(30)
    /// The same for the request to close a channel.
    var closeWait: TimeAmount = .seconds(3)
    /// Channels of one connection.
    var channels: UInt16 = 2047

    init() {}
}
