import Logging
import MechaCore
import NIOCore
import Synchronization

/// The connection that feeds share; there while there is a feed.
///
/// Confined to its event loop but for ``status`` and ``close()``, hence the unchecked Sendable.
final class RabbitConsumer: @unchecked Sendable {
    let loop: any EventLoop
    private let configuration: RabbitConfiguration
    private let clock: any MechaClock
    private let logger: Logger
    private var link: RabbitLink?
    private var feeds: [RabbitFeed] = []
    private var isClosed = false
    private let sharedStatus = Mutex<ComponentStatus?>(nil)

    init(loop: any EventLoop, configuration: RabbitConfiguration, clock: any MechaClock, logger: Logger) {
        self.clock = clock
        self.loop = loop
        self.configuration = configuration
        self.logger = logger
    }

    /// Nil while nothing is consumed.
    var status: ComponentStatus? { sharedStatus.withLock { $0 } }

    func isUsing(_ connection: AMQPConnection) -> Bool { link?.connection === connection && link?.isReady == true }

    /// Starts a feed; throws when the server refuses what it needs.
    func run(_ settings: RabbitFeed.Settings, _ handler: @escaping RabbitFeed.Handler) async throws -> RabbitFeed {
        try await loop.flatSubmit { [self] in
            guard !isClosed else { return loop.makeFailedFuture(CapabilityError(.closed, "the RabbitMQ component is closed")) }
            let feed = RabbitFeed(
                consumer: self, settings: settings, redeliverInterval: configuration.redeliverInterval, clock: clock, logger: logger,
                handler: handler)
            return attach(feed).map { feed }
        }.get()
    }

    private func attach(_ feed: RabbitFeed) -> EventLoopFuture<Void> {
        feeds.append(feed)
        let link = link ?? makeLink()
        let started = feed.start(within: configuration.limits.subscriptionWait)
        if link.isKnownToBeAway {
            feed.isWaiting()
        } else if link.isReady, let connection = link.connection {
            feed.open(on: connection)
        }
        link.wake()
        return started.flatMapError { [self] error in
            feed.shut().flatMap { self.detach(feed) }.flatMapThrowing { throw error }
        }
    }

    private func makeLink() -> RabbitLink {
        let made = RabbitLink(loop: loop, configuration: configuration, logger: logger)
        made.onReady = { [weak self] connection, _ in
            for feed in self?.feeds ?? [] { feed.open(on: connection) }
        }
        made.onUnreachable = { [weak self] _ in
            for feed in self?.feeds ?? [] { feed.isWaiting() }
        }
        made.onStatusChange = { [weak self, weak made] status in
            guard let self, let made, made === link else { return }
            sharedStatus.withLock { $0 = status }
        }
        link = made
        return made
    }

    /// Lets go of a closed feed; with the last one the connection goes.
    func detach(_ feed: RabbitFeed) -> EventLoopFuture<Void> {
        feeds.removeAll { $0 === feed }
        guard feeds.isEmpty, let link else { return loop.makeSucceededVoidFuture() }
        self.link = nil
        sharedStatus.withLock { $0 = nil }
        return link.close()
    }

    /// Closes every feed.
    func close() async {
        let open: EventLoopFuture<[RabbitFeed]> = loop.submit {
            self.isClosed = true
            return self.feeds
        }
        let feeds = (try? await open.get()) ?? []
        for feed in feeds { await feed.close() }
    }
}
