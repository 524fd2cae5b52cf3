#if Kafka
import CRdKafka
import Logging
import MechaCore
import NIOCore
import Synchronization

/// Publishes messages and answers when the brokers have confirmed them.
final class KafkaProducer: Sendable {
    /// How long a close waits for confirmations.
    static let flushMilliseconds: Int32 = 5_000
    private static let pollMilliseconds: Int32 = 500
    private static let lookupMilliseconds: Int32 = 1_000

    private enum Phase {
        case new
        case open(KafkaClient)
        case closed
    }

    /// Topics whose partitions were asked for. By itself librdkafka looks once in a second for topics that are new.
    private struct Lookup {
        /// More than these are forgotten, which costs a request each when they come again.
        static let maximumTopics = 10_000

        var asked: Set<String> = []
        /// There are topics that the request under way says nothing of.
        var isWanted = false
        var isRunning = false
    }

    /// A publication that waits for its confirmation.
    private final class Waiter: Sendable {
        let continuation: CheckedContinuation<rd_kafka_resp_err_t, Never>
        init(_ continuation: CheckedContinuation<rd_kafka_resp_err_t, Never>) { self.continuation = continuation }
    }

    private let settings: KafkaSettings
    private let logger: Logger
    private let phase = Mutex(Phase.new)
    private let lookup = Mutex(Lookup())
    private let isStopping = Atomic(false)
    private let hasStopped = Atomic(false)

    init(settings: KafkaSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    var status: ComponentStatus {
        phase.withLock { phase in
            switch phase {
            case .new: ComponentStatus(.connecting, reason: "not used yet")
            case .open(let client): client.status
            case .closed: ComponentStatus(.closed)
            }
        }
    }

    func start() throws {
        let callbacks = KafkaClient.Callbacks(
            logger: logger,
            onDelivery: { pointer, code in
                guard let pointer else { return }
                Unmanaged<Waiter>.fromOpaque(pointer).takeRetainedValue().continuation.resume(returning: code)
            })
        let client = try KafkaClient(RD_KAFKA_PRODUCER, settings.common + settings.producer, callbacks)
        phase.withLock { $0 = .open(client) }
        KafkaThread.start { [self] in
            while !isStopping.load(ordering: .acquiring) { _ = rd_kafka_poll(client.handle, Self.pollMilliseconds) }
            _ = rd_kafka_flush(client.handle, Self.flushMilliseconds)
            while lookup.withLock({ $0.isRunning }) { _ = rd_kafka_poll(client.handle, 10) }
            _ = rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            while rd_kafka_outq_len(client.handle) > 0, rd_kafka_poll(client.handle, 10) >= 0 {}
            client.destroy()
            hasStopped.store(true, ordering: .releasing)
        }
    }

    /// Confirms everything that is under way, or fails it.
    func close() async {
        let wasOpen = phase.withLock { phase in
            defer { phase = .closed }
            return if case .open = phase { true } else { false }
        }
        guard wasOpen else { return }
        isStopping.store(true, ordering: .releasing)
        while !hasStopped.load(ordering: .acquiring) { try? await Task.sleep(for: .milliseconds(5)) }
    }

    func publish(_ topic: String, key: String?, headers: [String: String], _ data: ByteBuffer) async throws {
        try KafkaTopic.check(topic)
        let code = await withCheckedContinuation { continuation in
            let waiter = Unmanaged.passRetained(Waiter(continuation))
            let code = produce(topic, key: key, headers: headers, data, waiter.toOpaque())
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
            waiter.takeRetainedValue().continuation.resume(returning: code)
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw CapabilityError(kafka: code, "publishing to the topic \(topic) failed") }
    }

    private func produce(
        _ topic: String, key: String?, headers: [String: String], _ data: ByteBuffer, _ opaque: UnsafeMutableRawPointer
    ) -> rd_kafka_resp_err_t {
        // The lock keeps the client alive; the call only puts the message into a queue.
        phase.withLock { phase in
            guard case .open(let client) = phase else { return RD_KAFKA_RESP_ERR__DESTROY }
            let list = Self.list(headers)
            let code = data.withUnsafeReadableBytes { payload in
                let key = key.map { Array($0.utf8) }
                return (key ?? []).withUnsafeBytes { bytes in
                    // A message without key is another thing than one whose key is empty.
                    mecha_kafka_produce(
                        client.handle, topic, payload.baseAddress, payload.count, key == nil ? nil : bytes.baseAddress, bytes.count, list,
                        opaque)
                }
            }
            if code != RD_KAFKA_RESP_ERR_NO_ERROR, let list { rd_kafka_headers_destroy(list) }
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { learn(topic, client) }
            return code
        }
    }

    /// Asks for the partitions of a topic that is new, together with others that come meanwhile.
    private func learn(_ topic: String, _ client: KafkaClient) {
        let starts = lookup.withLock { lookup in
            if lookup.asked.contains(topic) { return false }
            if lookup.asked.count >= Lookup.maximumTopics { lookup.asked = [] }
            lookup.asked.insert(topic)
            lookup.isWanted = true
            if lookup.isRunning { return false }
            lookup.isRunning = true
            return true
        }
        guard starts else { return }
        KafkaThread.start { [self] in
            while lookup.withLock({ lookup in
                defer { lookup.isWanted = false }
                if !lookup.isWanted { lookup.isRunning = false }
                return lookup.isWanted
            }) {
                var metadata: UnsafePointer<rd_kafka_metadata>?
                // Of all topics that were published to; messages that wait for partitions go on with the answer.
                if rd_kafka_metadata(client.handle, 0, nil, &metadata, Self.lookupMilliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR {
                    rd_kafka_metadata_destroy(metadata)
                }
            }
        }
    }

    private static func list(_ headers: [String: String]) -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for (name, value) in headers {
            var value = value
            value.withUTF8 { _ = rd_kafka_header_add(list, name, -1, $0.baseAddress, $0.count) }
        }
        return list
    }
}

/// Names of topics.
enum KafkaTopic {
    static let maximumBytes = 249

    /// Throws ``CapabilityError`` (`invalidArgument`) for what is no name.
    static func check(_ name: String) throws(CapabilityError) {
        let isName = !name.isEmpty && name.utf8.count <= maximumBytes && name != "." && name != ".." && name.utf8.allSatisfy(isAllowed)
        guard isName else {
            throw CapabilityError(.invalidArgument, "the topic \"\(name)\" is none of Kafka: letters, digits, '.', '_' and '-'")
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
#endif
