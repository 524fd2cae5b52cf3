#if Kafka
import CRdKafka
import Logging
import MechaCore
import Synchronization

/// A client of librdkafka with its configuration, log and end. Its callbacks come on a thread of its own.
final class KafkaClient: @unchecked Sendable {
    let handle: OpaquePointer
    /// What callbacks get as their opaque pointer lives as long as this.
    private let owner: Unmanaged<Callbacks>

    /// What librdkafka calls back; each part is nil where it does not apply.
    final class Callbacks: Sendable {
        let logger: Logger
        let onDelivery: (@Sendable (_ message: UnsafeMutableRawPointer?, _ code: rd_kafka_resp_err_t) -> Void)?
        let onRebalance:
            (
                @Sendable (
                    _ client: OpaquePointer, _ code: rd_kafka_resp_err_t,
                    _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
                ) -> Void
            )?
        /// Nil when the brokers are within reach, else why not.
        let problem = Mutex<String?>(nil)

        init(
            logger: Logger, onDelivery: (@Sendable (UnsafeMutableRawPointer?, rd_kafka_resp_err_t) -> Void)? = nil,
            onRebalance: (@Sendable (OpaquePointer, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Void)? =
                nil
        ) {
            self.logger = logger
            self.onDelivery = onDelivery
            self.onRebalance = onRebalance
        }
    }

    let callbacks: Callbacks

    /// Throws ``CapabilityError`` (`misconfigured`) in librdkafka's words.
    init(_ type: rd_kafka_type_t, _ properties: [(String, String)], _ callbacks: Callbacks) throws {
        self.callbacks = callbacks
        owner = Unmanaged.passRetained(callbacks)
        guard let configuration = rd_kafka_conf_new() else { throw CapabilityError(.resourceExhausted, "no memory for a Kafka client") }
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in properties {
            guard rd_kafka_conf_set(configuration, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                owner.release()
                let words = text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
                if words.contains("not available at build time") || words.contains("not available in this build") {
                    throw CapabilityError(.misconfigured, "the librdkafka of this machine was built without what \(name) needs")
                }
                // Its words repeat the value, which may be a secret.
                throw CapabilityError(.misconfigured, "librdkafka does not take the property \(name)")
            }
        }
        rd_kafka_conf_set_opaque(configuration, owner.toOpaque())
        rd_kafka_conf_set_log_cb(configuration) { client, level, _, message in
            guard let client, let message, let opaque = rd_kafka_opaque(client) else { return }
            let logger = Unmanaged<Callbacks>.fromOpaque(opaque).takeUnretainedValue().logger
            logger.log(level: level <= 3 ? .warning : .debug, "Kafka: \(String(cString: message))")
        }
        rd_kafka_conf_set_error_cb(configuration) { client, code, reason, opaque in
            guard let opaque else { return }
            let callbacks = Unmanaged<Callbacks>.fromOpaque(opaque).takeUnretainedValue()
            let text = reason.map { String(cString: $0) } ?? ""
            if code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue { callbacks.problem.withLock { $0 = "all brokers are down" } }
            callbacks.logger.debug("Kafka: \(text)")
        }
        if callbacks.onDelivery != nil {
            rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
                guard let message, let opaque else { return }
                let callbacks = Unmanaged<Callbacks>.fromOpaque(opaque).takeUnretainedValue()
                switch message.pointee.err {
                case RD_KAFKA_RESP_ERR_NO_ERROR: callbacks.problem.withLock { $0 = nil }
                case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT:
                    callbacks.problem.withLock { $0 = "the brokers do not answer" }
                default: break
                }
                callbacks.onDelivery?(message.pointee._private, message.pointee.err)
            }
        }
        if callbacks.onRebalance != nil {
            rd_kafka_conf_set_rebalance_cb(configuration) { client, code, partitions, opaque in
                guard let client, let partitions, let opaque else { return }
                Unmanaged<Callbacks>.fromOpaque(opaque).takeUnretainedValue().onRebalance?(client, code, partitions)
            }
        }
        guard let handle = rd_kafka_new(type, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            owner.release()
            let reason = text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
            throw CapabilityError(.misconfigured, "librdkafka cannot make a client: \(reason)")
        }
        self.handle = handle
    }

    /// Ends the client; it must not be used afterwards. Blocks.
    func destroy() {
        rd_kafka_destroy(handle)
        owner.release()
    }

    /// Whether the brokers are within reach, as far as is known.
    var status: ComponentStatus {
        callbacks.problem.withLock { $0 }.map { ComponentStatus(.connecting, reason: $0) } ?? .ready
    }

    /// Runs blocking work on a thread of its own.
    static func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in KafkaThread.start { continuation.resume(returning: body()) } }
    }
}
#endif
