import MechaCore

/// A consumer of a subscription.
final class BusFeed: MessageFeed {
    let id: Int
    let handler: MessageHandler
    let subscription: BusSubscription
    private let bus: SQLitePubSub

    init(id: Int, subscription: BusSubscription, bus: SQLitePubSub, handler: @escaping MessageHandler) {
        self.id = id
        self.handler = handler
        self.subscription = subscription
        self.bus = bus
    }

    func pause() async { bus.setPaused(true, self) }

    func resume() async { bus.setPaused(false, self) }

    func close() async { await bus.leave(self) }
}
