#if Kafka
import CRdKafka
import MechaCore
import NIOCore

/// A message of a partition, on its way to a handler.
struct KafkaMessage: Sendable {
    let topic: String
    let partition: Int32
    let offset: Int64
    /// Of the partition's progress when it was fetched.
    let generation: Int
    let key: [UInt8]?
    let data: ByteBuffer
    /// Milliseconds since 1970; nil where the broker keeps none.
    let timestamp: Int64?
    let headers: [(String, [UInt8])]
    /// Handovers by this process, the coming one included.
    var attempt = 1
    var firstDelivered: Timestamp?

    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, topic: String, generation: Int) {
        let content = message.pointee
        self.topic = topic
        self.generation = generation
        partition = content.partition
        offset = content.offset
        key = content.key.map { Array(UnsafeRawBufferPointer(start: $0, count: content.key_len)) }
        data = content.payload.map { ByteBuffer(bytes: UnsafeRawBufferPointer(start: $0, count: content.len)) } ?? ByteBuffer()
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = rd_kafka_message_timestamp(message, &kind)
        timestamp = kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : time
        headers = Self.headers(message)
    }

    private static func headers(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> [(String, [UInt8])] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [(String, [UInt8])] = []
        var (index, size) = (0, 0)
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            if let name {
                headers.append((String(cString: name), value.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) } ?? []))
            }
            index += 1
        }
        return headers
    }

    /// What the app is told, under the names that Dapr's component uses.
    func metadata(_ settings: KafkaSettings) -> [String: String] {
        func text(_ bytes: [UInt8]) -> String {
            let text = String(decoding: bytes, as: UTF8.self)
            // As forms escape: a blank is a plus sign.
            return settings.escapesHeaders
                ? PercentCoding.encode(text) { PercentCoding.isUnreserved($0) || $0 == 0x20 }.split(
                    separator: " ", omittingEmptySubsequences: false
                )
                .joined(separator: "+") : text
        }
        var metadata = ["__topic": topic, "__partition": String(partition), "__offset": String(offset)]
        if let key { metadata["__key"] = text(key) }
        if let timestamp { metadata["__timestamp"] = String(timestamp) }
        for (name, value) in headers where settings.excludedHeaders?.matches(name) != true { metadata[name] = text(value) }
        return metadata
    }
}
#endif
