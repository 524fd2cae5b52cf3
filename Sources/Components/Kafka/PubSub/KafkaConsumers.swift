#if Kafka
import Logging
import MechaCore
import Synchronization

/// The consumers of a component, one for each group; a group without subscriptions is left.
final class KafkaConsumers: Sendable {
    private struct State {
        var groups: [String: KafkaGroup] = [:]
        var isClosed = false
    }

    private let settings: KafkaSettings
    private let clock: any MechaClock
    private let logger: Logger
    private let state = Mutex(State())

    init(settings: KafkaSettings, clock: any MechaClock, logger: Logger) {
        self.settings = settings
        self.clock = clock
        self.logger = logger
    }

    /// Nil while nothing is subscribed.
    var status: ComponentStatus? {
        let statuses = state.withLock { $0.groups.values.map(\.status) }
        return statuses.first { $0.phase != .ready } ?? statuses.first
    }

    func subscribe(
        _ topic: String, group name: String, maximumInFlight: Int, ordersByKey: Bool, _ handler: @escaping KafkaFeed.Handler
    ) async throws -> any MessageFeed {
        guard !name.isEmpty else { throw CapabilityError(.invalidArgument, "the consumer group is empty") }
        try KafkaTopic.check(topic)
        let group = try state.withLock { state in
            guard !state.isClosed else { throw CapabilityError(.closed, "the Kafka component is closed") }
            if let group = state.groups[name] { return group }
            let group = KafkaGroup(name, settings: settings, clock: clock, logger: logger)
            try group.start()
            state.groups[name] = group
            return group
        }
        let feed = await group.join(topic, maximumInFlight: maximumInFlight, ordersByKey: ordersByKey, handler)
        return Subscription(feed: feed, group: group, consumers: self)
    }

    /// Ends everything that is subscribed.
    func close() async {
        let groups = state.withLock { state in
            state.isClosed = true
            defer { state.groups = [:] }
            return Array(state.groups.values)
        }
        for group in groups {
            for feed in group.feeds { await feed.close() }
            await group.end()
        }
    }

    /// Ends a group that nobody is subscribed in.
    private func release(_ group: KafkaGroup) async {
        let isUnused = state.withLock { state in
            guard group.isEmpty, state.groups[group.name] === group else { return false }
            state.groups[group.name] = nil
            return true
        }
        if isUnused { await group.end() }
    }

    /// A feed that takes its group with it when it is the last.
    private struct Subscription: MessageFeed {
        let feed: KafkaFeed
        let group: KafkaGroup
        let consumers: KafkaConsumers

        func pause() async { await feed.pause() }
        func resume() async { await feed.resume() }

        func close() async {
            await feed.close()
            await consumers.release(group)
        }
    }
}
#endif
