import MechaCore
import NIOCore

/// A message that came on a channel.
struct RabbitDelivery: Sendable {
    /// Which of the feed's channels it came on: elsewhere its tag means nothing.
    var generation: Int
    var deliver: AMQPDeliver
    var properties: AMQPProperties
    var body: ByteBuffer
    /// When its time is over; nil for never. The server watches over messages in queues only.
    var expiresAt: Timestamp?

    /// How often it was handed over before, this time included; nil where the server does not count.
    ///
    /// A classic queue says of a first delivery that it is the first, and of others nothing. So nothing is said of the
    /// first either: who counts to a limit would take the number for a beginning that goes on.
    func attempt(queue: String, isQuorum: Bool) -> Int? {
        if let count = properties.headers?["x-delivery-count"]?.integer { return count + 1 }
        var deaths = 0
        if case .array(let entries)? = properties.headers?["x-death"] {
            for case .table(let entry) in entries where entry["queue"]?.text == queue { deaths += entry["count"]?.integer ?? 1 }
        }
        guard isQuorum || deaths > 0 else { return nil }
        return deliver.isRedelivered ? nil : deaths + 1
    }
}
