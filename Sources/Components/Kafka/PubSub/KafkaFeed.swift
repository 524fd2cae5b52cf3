#if Kafka
import MechaCore

/// One subscription's part of a group, which decides what is handed over to it.
final class KafkaFeed: MessageFeed {
    typealias Handler = @Sendable (KafkaMessage) async -> MessageOutcome

    let id: Int
    let topic: String
    /// One message in flight means an order that a refused message must not break.
    let holdsOrder: Bool
    let handler: Handler
    private let group: KafkaGroup

    init(id: Int, topic: String, holdsOrder: Bool, group: KafkaGroup, handler: @escaping Handler) {
        self.id = id
        self.topic = topic
        self.holdsOrder = holdsOrder
        self.group = group
        self.handler = handler
    }

    func pause() async { group.setPaused(true, self) }
    func resume() async { group.setPaused(false, self) }
    func close() async { await group.leave(self) }
}
#endif
