import MechaCore

/// A consumer of a group.
final class InMemoryFeed: MessageFeed {
    let id: Int
    let handler: MessageHandler
    /// One message at a time, and the next only when it is acknowledged.
    let isStrict: Bool
    private let broker: InMemoryPubSub
    let group: InMemoryGroup

    init(id: Int, _ request: SubscriptionRequest, group: InMemoryGroup, broker: InMemoryPubSub, handler: @escaping MessageHandler) {
        self.id = id
        self.handler = handler
        self.group = group
        self.broker = broker
        isStrict = request.maximumInFlight == 1
    }

    func pause() async { broker.setPaused(true, self) }

    func resume() async { broker.setPaused(false, self) }

    func close() async { await broker.leave(self) }
}
