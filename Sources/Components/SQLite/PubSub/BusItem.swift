import MechaCore

/// A message that this process has claimed for a group.
struct BusItem: Sendable {
    /// As in the table `messages`.
    let id: Int64
    /// The claim that it is part of; nil when it has a row of its own in `deferred`.
    var claim: Int64?
    let body: BusMessage
    /// How often it was handed over.
    var attempts: Int
    /// Milliseconds since 1970.
    var firstDelivered: Int64?

    var incoming: IncomingMessage {
        let message = body.message
        return IncomingMessage(
            topic: message.topic, data: message.data, contentType: message.contentType, metadata: message.metadata, attempt: attempts,
            firstDelivered: firstDelivered.map(Timestamp.init(milliseconds:)))
    }
}

extension Timestamp {
    init(milliseconds: Int64) {
        let seconds = milliseconds >= 0 ? milliseconds / 1_000 : -((-milliseconds + 999) / 1_000)
        self.init(seconds: seconds, nanoseconds: Int32((milliseconds - seconds * 1_000) * 1_000_000))
    }

    /// Since 1970.
    var milliseconds: Int64 { seconds * 1_000 + Int64(nanoseconds) / 1_000_000 }
}

extension Duration {
    var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }
}
