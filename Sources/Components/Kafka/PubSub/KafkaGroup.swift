#if Kafka
import CRdKafka
import Logging
import MechaCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A consumer of one group for all subscriptions that a component has in it: one client, and one thread that polls it.
final class KafkaGroup: Sendable {
    static let pollMilliseconds: Int32 = 100
    /// Subscriptions that come within this of each other are one change for the group.
    static let gatherMilliseconds: Int32 = 20
    /// Messages of a partition beyond the first that is not done with; then fetching waits for that one. It bounds what
    /// is remembered here, and what comes a second time after a crash.
    static let maximumUncommittedMessages = 10_000
    /// Until the brokers have answered what an assignment needs.
    static let lookupMilliseconds: Int32 = 5_000
    /// After such a pause of all its subscriptions a topic is left to others.
    static let leavingPause = Duration.seconds(1)
    /// How long a subscription waits for its first assignment.
    static let joinTime = Duration.seconds(15)

    /// Looks for topics that are new, and the pause between them.
    private static let topicLookups = 5
    private static let topicLookupPauseMicroseconds: UInt32 = 50_000

    typealias Queue = DeliveryQueue<KafkaMessage, KafkaFeed>

    /// What is known of a topic.
    struct Topic {
        var queue = Queue()
        var progress: [Int32: PartitionProgress] = [:]
        var assigned: Set<Int32> = []
        /// Since when no subscription takes messages.
        var pausedAt: UInt64?
        /// Fetching has stopped, because the queue is long.
        var isHeldBack = false
        var wasAssigned = false
        /// Subscriptions that wait for the first assignment.
        var joining: [CheckedContinuation<Void, Never>] = []
    }

    struct State {
        var topics: [String: Topic] = [:]
        var lastID = 0
        /// Who waits for subscriptions that end.
        var leaving: [Int: [CheckedContinuation<Void, Never>]] = [:]
        var ended: [CheckedContinuation<Void, Never>] = []
        var isEnding = false
        var hasEnded = false
    }

    let name: String
    let settings: KafkaSettings
    let clock: any MechaClock
    let logger: Logger
    let state = Mutex(State())
    private let client = Mutex<KafkaClient?>(nil)

    init(_ name: String, settings: KafkaSettings, clock: any MechaClock, logger: Logger) {
        self.name = name
        self.settings = settings
        self.clock = clock
        self.logger = logger
    }

    var status: ComponentStatus { client.withLock { $0 }?.status ?? ComponentStatus(.connecting) }

    // MARK: - Life

    /// Makes the client and begins to poll it. Throws ``CapabilityError``.
    func start() throws {
        let callbacks = KafkaClient.Callbacks(
            logger: logger, onRebalance: { [weak self] client, code, partitions in self?.rebalance(client, code, partitions) })
        let client = try KafkaClient(
            RD_KAFKA_CONSUMER,
            settings.common + settings.consumer + [("group.id", name)], callbacks)
        self.client.withLock { $0 = client }
        _ = rd_kafka_poll_set_consumer(client.handle)
        KafkaThread.start { [self] in poll(client) }
    }

    /// Commits what is done with and leaves the group. Subscriptions have ended before.
    func end() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                state.isEnding = true
                if !state.hasEnded { state.ended.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func poll(_ client: KafkaClient) {
        var (subscribed, gathered): (Set<String>, Set<String>) = ([], [])
        while !state.withLock({ $0.isEnding }) {
            let wanted = wantedTopics()
            if wanted != subscribed, wanted == gathered {
                subscribed = wanted
                subscribe(client, to: wanted)
            }
            gathered = wanted
            flow(client)
            let wait = wanted == subscribed ? Self.pollMilliseconds : Self.gatherMilliseconds
            guard let message = rd_kafka_consumer_poll(client.handle, wait) else { continue }
            received(message, client)
            rd_kafka_message_destroy(message)
        }
        _ = rd_kafka_consumer_close(client.handle)
        self.client.withLock { $0 = nil }
        client.destroy()
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.ended = [] }
            return state.ended
        }
        for continuation in waiting { continuation.resume() }
    }

    private func subscribe(_ client: KafkaClient, to topics: Set<String>) {
        guard !topics.isEmpty else {
            _ = rd_kafka_unsubscribe(client.handle)
            return
        }
        require(topics.filter { topic in state.withLock { $0.topics[topic]?.wasAssigned != true } }, client)
        let partitions = KafkaPartitions()
        for topic in topics { partitions.add(topic, RD_KAFKA_PARTITION_UA) }
        let code = rd_kafka_subscribe(client.handle, partitions.list)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        logger.error("Kafka does not subscribe to \(topics.sorted()): \(String(cString: rd_kafka_err2str(code)))")
    }

    /// Asks for topics, which makes brokers create them that may.
    private func require(_ topics: Set<String>, _ client: KafkaClient) {
        let handles = topics.compactMap { rd_kafka_topic_new(client.handle, $0, nil) }
        defer { for handle in handles { rd_kafka_topic_destroy(handle) } }
        for attempt in 0..<Self.topicLookups where !handles.isEmpty {
            if attempt > 0 { usleep(Self.topicLookupPauseMicroseconds) }
            var metadata: UnsafePointer<rd_kafka_metadata>?
            // Without a topic: of all that this client knows, and so of these.
            guard rd_kafka_metadata(client.handle, 0, nil, &metadata, 1_000) == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { return }
            defer { rd_kafka_metadata_destroy(metadata) }
            let there = (0..<Int(metadata.pointee.topic_cnt)).compactMap { index -> String? in
                let topic = metadata.pointee.topics[index]
                return topic.partition_cnt > 0 ? topic.topic.map { String(cString: $0) } : nil
            }
            if topics.isSubset(of: there) { return }
        }
    }

    /// Topics that have somebody to take messages, or had until a moment ago.
    private func wantedTopics() -> Set<String> {
        let now = clock.monotonicNanoseconds()
        let patience = UInt64(Self.leavingPause.wholeNanoseconds)
        return state.withLock { state in
            Set(
                state.topics.compactMap { name, topic in
                    if let pausedAt = topic.pausedAt, now > pausedAt + patience, topic.queue.inFlight == 0 { return nil }
                    return topic.queue.hasConsumers ? name : nil
                })
        }
    }

    /// Stops to fetch topics whose queue is long or whose commits are far behind, and goes on with them later.
    private func flow(_ client: KafkaClient) {
        let (held, freed) = state.withLock { state in
            var (held, freed): ([(String, Int32)], [(String, Int32)]) = ([], [])
            for (name, topic) in state.topics {
                let isAhead = topic.progress.values.contains { $0.spread >= Self.maximumUncommittedMessages }
                if !topic.isHeldBack, topic.queue.count >= settings.fetchedAtMost || isAhead {
                    state.topics[name]?.isHeldBack = true
                    held += topic.assigned.map { (name, $0) }
                } else if topic.isHeldBack, topic.queue.count <= settings.fetchedAtMost / 2, !isAhead {
                    state.topics[name]?.isHeldBack = false
                    freed += topic.assigned.map { (name, $0) }
                }
            }
            return (held, freed)
        }
        if !held.isEmpty { _ = rd_kafka_pause_partitions(client.handle, KafkaPartitions(held).list) }
        if !freed.isEmpty { _ = rd_kafka_resume_partitions(client.handle, KafkaPartitions(freed).list) }
    }

    // MARK: - Messages

    private func received(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ client: KafkaClient) {
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return logger.debug("Kafka: \(String(cString: rd_kafka_err2str(message.pointee.err)))")
        }
        client.callbacks.problem.withLock { $0 = nil }
        guard let handle = message.pointee.rkt, let name = rd_kafka_topic_name(handle).map({ String(cString: $0) }) else { return }
        let (partition, offset) = (message.pointee.partition, message.pointee.offset)
        guard let generation = state.withLock({ $0.topics[name]?.progress[partition]?.generation }) else { return }
        let received = KafkaMessage(message, topic: name, generation: generation)
        state.withLock { state in
            guard state.topics[name]?.progress[partition]?.fetched(offset) == true else { return }
            let key = state.topics[name]?.queue.ordersByKey == true ? received.key.map { String(decoding: $0, as: UTF8.self) } : nil
            state.topics[name]?.queue.append(Queue.Entry(received, key: key))
        }
        pump(name)
    }

    /// Hands over what may be handed over.
    func pump(_ topic: String) {
        while let (id, feed, entry) = state.withLock({ $0.topics[topic]?.queue.next() }) {
            Task { [self] in answered(id, feed, entry, await feed.handler(entry.message)) }
        }
    }

    private func answered(_ id: Int, _ feed: KafkaFeed, _ entry: Queue.Entry, _ outcome: MessageOutcome) {
        let message = entry.message
        let isDone = outcome == .acknowledge || !settings.retries
        if outcome == .redeliver, isDone {
            logger.error("the message \(message.topic)/\(message.partition)/\(message.offset) was not taken: it is passed over")
        }
        let left = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard state.topics[message.topic] != nil else { return [] }
            let isCurrent = state.topics[message.topic]?.progress[message.partition]?.generation == message.generation
            var hasLeft = false
            if isDone || !isCurrent {
                hasLeft = state.topics[message.topic]?.queue.finish(id, entry) ?? false
                if isCurrent, let offset = state.topics[message.topic]?.progress[message.partition]?.finish(message.offset) {
                    store(message.topic, message.partition, offset)
                }
            } else {
                let holds = feed.holdsOrder && state.leaving[id] == nil
                hasLeft = state.topics[message.topic]?.queue.postpone(id, entry, holdsConsumer: holds) ?? false
                comeBackLater(entry, for: holds ? id : nil)
            }
            return hasLeft ? gone(id, message.topic, &state) : []
        }
        for continuation in left { continuation.resume() }
        pump(message.topic)
    }

    /// Brings a refused message back after the pause, to whoever takes it then.
    private func comeBackLater(_ entry: Queue.Entry, for id: Int?) {
        var entry = entry
        entry.message.attempt += 1
        if entry.message.firstDelivered == nil { entry.message.firstDelivered = clock.now() }
        Task { [self, entry] in
            try? await clock.sleep(for: settings.retryInterval)
            let message = entry.message
            state.withLock { state in
                if state.topics[message.topic]?.progress[message.partition]?.generation == message.generation {
                    state.topics[message.topic]?.queue.comeBack(entry, for: id)
                } else {
                    if let id { state.topics[message.topic]?.queue.release(id) }
                    state.topics[message.topic]?.queue.forgetKey(of: entry)
                }
            }
            pump(message.topic)
        }
    }

    /// Notes an offset for the next commit. Fails for a partition that is not assigned any more, as it should.
    private func store(_ topic: String, _ partition: Int32, _ offset: Int64) {
        client.withLock { client in
            guard let client else { return }
            let partitions = KafkaPartitions()
            partitions.add(topic, partition, offset: offset)
            _ = rd_kafka_offsets_store(client.handle, partitions.list)
        }
    }
}
#endif
