import MechaCore
import MechaMessaging
import MechaTelemetry

/// A message that is ready for its broker. An object, so that it does not lie in the frame of who waits for the broker.
package final class Publication: Sendable {
    let message: OutgoingMessage
    /// As the app names it.
    let topic: String
    let binding: PubSubBinding
    let metrics: PubSubMetrics.Topic
    /// Monotonic.
    let startedNanoseconds: UInt64

    init(
        _ message: OutgoingMessage, topic: String, to binding: PubSubBinding, metrics: PubSubMetrics.Topic, startedNanoseconds: UInt64
    ) {
        self.message = message
        self.topic = topic
        self.binding = binding
        self.metrics = metrics
        self.startedNanoseconds = startedNanoseconds
    }
}
