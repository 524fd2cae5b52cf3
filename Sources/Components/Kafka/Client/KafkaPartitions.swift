#if Kafka
import CRdKafka

/// A list of partitions as librdkafka has it, freed with its owner.
struct KafkaPartitions: ~Copyable {
    let list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init() { list = rd_kafka_topic_partition_list_new(8) }

    init(copying other: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) { list = rd_kafka_topic_partition_list_copy(other) }

    init(_ partitions: [(topic: String, partition: Int32)]) {
        self.init()
        for (topic, partition) in partitions { add(topic, partition) }
    }

    deinit { rd_kafka_topic_partition_list_destroy(list) }

    var count: Int { Int(list.pointee.cnt) }

    func add(_ topic: String, _ partition: Int32, offset: Int64? = nil) {
        let element = rd_kafka_topic_partition_list_add(list, topic, partition)
        if let offset { element?.pointee.offset = offset }
    }

    /// One partition of a list.
    struct Element {
        let topic: String
        let partition: Int32
        var offset: Int64
    }

    static func elements(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> [Element] {
        (0..<Int(list.pointee.cnt)).map { index in
            let element = list.pointee.elems[index]
            return Element(topic: element.topic.map { String(cString: $0) } ?? "", partition: element.partition, offset: element.offset)
        }
    }
}
#endif
