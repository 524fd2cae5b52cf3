import Logging
import MechaCore
import NIOCore

/// One consumer group's session with the broker: its client id, its subscriptions, the messages that came and are not
/// acknowledged.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class MQTTConsumer: @unchecked Sendable {
    let loop: any EventLoop
    let configuration: MQTTConfiguration
    private let logger: Logger
    private let link: MQTTLink
    private var inbox: MQTTInbox
    private var feeds: [MQTTFeed] = []
    /// What each subscription's next message counts from, so that feeds of one subscription take turns.
    private var turns: [String: Int] = [:]
    /// Messages that no open feed wants, oldest first: for a feed to come.
    private var unclaimed: [MQTTDelivery] = []
    /// Subscriptions that the broker has confirmed in the present session.
    private var confirmed: Set<String> = []
    private var asked: [UInt16: [String]] = [:]
    private var waiting: [(subscription: String, promise: EventLoopPromise<Void>)] = []
    private var lastPacketID: UInt16 = 0
    private var server = MQTTServerLimits()
    private var droppedAtMostOnce = 0

    /// Called after every change of the link's status.
    var onStatusChange: ((ComponentStatus) -> Void)?
    /// Called once, when the last feed has gone.
    var onEnd: (() -> Void)?

    init(loop: any EventLoop, configuration: MQTTConfiguration, clientID: String, logger: Logger) {
        self.loop = loop
        self.configuration = configuration
        self.logger = logger
        inbox = MQTTInbox(limits: configuration.limits)
        link = MQTTLink(loop: loop, configuration: configuration, connect: configuration.connect(consumer: clientID), logger: logger)
        link.onMade = { [weak self] connection in connection.onPacket = { [weak self] packet in self?.received(packet) } }
        link.onReady = { [weak self] _, connack in self?.ready(connack) }
        link.onDown = { [weak self] in
            self?.inbox.disconnected()
            self?.asked.removeAll()
        }
        link.onUnreachable = { [weak self] _ in self?.settle { _ in .success(()) } }
        link.onStatusChange = { [weak self] status in self?.onStatusChange?(status) }
    }

    var status: ComponentStatus { link.status }

    // MARK: - Feeds

    /// Takes a feed on. The future succeeds when the broker has confirmed its subscription, or is not there to do so, and
    /// fails when the broker refuses it.
    func attach(_ feed: MQTTFeed) -> EventLoopFuture<Void> {
        feeds.append(feed)
        link.wake()
        let left = unclaimed
        unclaimed.removeAll()
        for delivery in left { dispatch(delivery) }
        if confirmed.contains(feed.subscription), link.isReady { return loop.makeSucceededVoidFuture() }
        if link.isKnownToBeAway { return loop.makeSucceededVoidFuture() }
        let promise = loop.makePromise(of: Void.self)
        waiting.append((feed.subscription, promise))
        if link.isReady { subscribe([feed.subscription]) }
        let timer = loop.scheduleTask(in: configuration.limits.subscriptionWait) { promise.succeed() }
        return promise.futureResult.always { [self] outcome in
            timer.cancel()
            waiting.removeAll { $0.promise.futureResult === promise.futureResult }
            guard case .failure = outcome else { return }
            feeds.removeAll { $0 === feed }
            if feeds.isEmpty { _ = end() }
        }
    }

    /// Lets go of a closed feed; with the last one the session is left for now.
    func detach(_ feed: MQTTFeed) -> EventLoopFuture<Void> {
        guard feeds.contains(where: { $0 === feed }) else { return loop.makeSucceededVoidFuture() }
        feeds.removeAll { $0 === feed }
        let isLast = feeds.isEmpty
        let isWanted = feeds.contains { $0.subscription == feed.subscription }
        if !isWanted, feed.unsubscribesOnClose || (configuration.isCleanSession && !isLast) {
            confirmed.remove(feed.subscription)
            link.write(.unsubscribe(MQTTUnsubscribe(packetID: nextPacketID(), filters: [feed.subscription])))
        }
        return isLast ? end() : loop.makeSucceededVoidFuture()
    }

    private func end() -> EventLoopFuture<Void> {
        onEnd?()
        onEnd = nil
        return link.close()
    }

    var openFeeds: [MQTTFeed] { feeds }

    /// These messages were not handled: they wait for another feed.
    func giveBack(_ deliveries: [MQTTDelivery]) {
        for delivery in deliveries { dispatch(delivery) }
    }

    /// A message that is not handed over again on this connection.
    func leave(_ delivery: MQTTDelivery) {
        logger.warning(
            "a message of topic \(delivery.publish.topic) was not taken in \(delivery.attempts) attempts; it stays unacknowledged")
    }

    func acknowledge(_ id: MQTTInbox.ID) {
        if let packet = inbox.acknowledge(id) { link.write(packet) }
        if inbox.wantsReconnection {
            link.reconnect(CapabilityError(.unavailable, "messages were left with the broker for want of room; they are fetched anew"))
        }
    }

    // MARK: - Connection

    private func ready(_ connack: MQTTConnack) {
        server = MQTTServerLimits(connack)
        inbox.connected(isSessionPresent: connack.isSessionPresent)
        if !connack.isSessionPresent { confirmed.removeAll() }
        // The session may know subscriptions of an earlier life with other options; asking again does no harm.
        subscribe(Set(feeds.map(\.subscription)).subtracting(confirmed).sorted())
    }

    private func subscribe(_ subscriptions: [String]) {
        var rest = subscriptions[...]
        while !rest.isEmpty {
            let part = rest.prefix(configuration.limits.filtersPerPacket)
            rest = rest.dropFirst(part.count)
            let id = nextPacketID()
            asked[id] = Array(part)
            let filters = part.map {
                MQTTSubscribe.Filter(
                    filter: $0, qos: min(configuration.qos, server.maximumQoS), skipsRetainedIfKnown: configuration.version == .v5)
            }
            link.write(.subscribe(MQTTSubscribe(packetID: id, filters: filters)))
        }
    }

    private func received(_ packet: MQTTPacket) {
        switch packet {
        case .publish(let publish): received(publish)
        case .suback(let suback): received(suback)
        case .step(let step) where step.kind == .pubrel: link.write(inbox.released(step.packetID, version: configuration.version))
        default: break
        }
    }

    private func received(_ suback: MQTTSuback) {
        guard let subscriptions = asked.removeValue(forKey: suback.packetID) else { return }
        var refused: [String: CapabilityError] = [:]
        for (index, subscription) in subscriptions.enumerated() {
            let reason = index < suback.reasons.count ? suback.reasons[index] : .protocolError
            guard reason.isFailure else {
                confirmed.insert(subscription)
                continue
            }
            let detail = suback.properties.text(.reasonString).map { " (\($0))" } ?? ""
            // 3.1.1 has one code for every refusal, which in practice means an access rule.
            let code = reason == .unspecified ? .permissionDenied : reason.capabilityCode
            refused[subscription] = CapabilityError(code, "the MQTT server refused the subscription to \(subscription): \(reason)\(detail)")
            logger.error("the MQTT server refused the subscription to \(subscription): \(reason)\(detail)")
        }
        settle { subscription in
            if let error = refused[subscription] { return .failure(error) }
            return subscriptions.contains(subscription) ? .success(()) : nil
        }
    }

    /// Tells those who wait for a subscription; nil leaves them waiting.
    private func settle(_ outcome: (String) -> Result<Void, any Error>?) {
        for (subscription, promise) in waiting {
            if let result = outcome(subscription) { promise.completeWith(result) }
        }
    }

    private func nextPacketID() -> UInt16 {
        repeat { lastPacketID = lastPacketID == .max ? 1 : lastPacketID + 1 } while asked[lastPacketID] != nil
        return lastPacketID
    }

    // MARK: - Messages

    private func received(_ publish: MQTTPublish) {
        switch inbox.received(publish) {
        case .deliver(let id): dispatch(MQTTDelivery(id: id, publish: publish, attempts: publish.isDuplicate ? 1 : 0))
        case .write(let packet): link.write(packet)
        case .known: break
        case .overflow:
            guard publish.qos == .atMostOnce else { return }
            droppedAtMostOnce += 1
            if droppedAtMostOnce.nonzeroBitCount == 1 {
                logger.warning(
                    "\(droppedAtMostOnce) messages of QoS 0 were dropped so far: handlers are slower than publishers (messagesHeld)")
            }
        }
    }

    /// Gives a message to one open feed of every subscription that it belongs to.
    private func dispatch(_ delivery: MQTTDelivery) {
        var chosen: [MQTTFeed] = []
        for feed in feeds where feed.isOpen && MQTTTopic.matches(feed.filter, delivery.publish.topic) {
            if !chosen.contains(where: { $0.subscription == feed.subscription }) { chosen.append(turn(feed.subscription)) }
        }
        guard !chosen.isEmpty else { return unclaimed.append(delivery) }
        if chosen.count > 1 { inbox.share(delivery.id, among: chosen.count) }
        for feed in chosen { feed.offer(delivery) }
    }

    /// The feed of a subscription whose turn it is: one that works, and has the least to do.
    private func turn(_ subscription: String) -> MQTTFeed {
        let open = feeds.filter { $0.isOpen && $0.subscription == subscription }
        let working = open.filter { !$0.isPaused }
        let candidates = working.isEmpty ? open : working
        let start = turns[subscription, default: 0]
        turns[subscription] = start &+ 1
        let rotated = candidates.indices.map { candidates[($0 + start & .max) % candidates.count] }
        return rotated.min { $0.load < $1.load } ?? candidates[0]
    }
}
