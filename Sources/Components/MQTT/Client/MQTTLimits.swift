import NIOCore

/// The bounds of the driver.
struct MQTTLimits: Sendable, Equatable {
    /// The largest packet that is read. A larger one is passed over and stays unacknowledged.
    var packetBytes = 16 << 20
    /// Messages sent and not confirmed, per component; the server may ask for fewer.
    var publishesInFlight = 100
    /// The same for QoS 2 with a server of 3.1.1, which does not say how many it takes and ends the connection when
    /// there are more.
    var unannouncedExactlyOnceInFlight = 10
    /// Messages that wait to be sent. Beyond: `resourceExhausted`.
    var publishesWaiting = 10_000
    /// Their bytes. One message may go beyond; the next is refused.
    var bytesWaiting = 16 << 20
    /// Messages that came and are not acknowledged, per consumer group.
    var messagesHeld = 1_000
    /// Their bytes.
    var bytesHeld = 32 << 20
    /// How long `subscribe` waits for the server to confirm the subscription.
    var subscriptionWait: TimeAmount = .seconds(5)
    /// Until an unanswered PINGREQ is taken for the end of the connection.
    var pingTimeout: TimeAmount = .seconds(10)
    /// Filters in one SUBSCRIBE.
    var filtersPerPacket = 100

    init() {}
}
