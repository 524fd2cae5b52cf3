#if Kafka
import CRdKafka
import MechaCore

// Partitions come and go. Called by librdkafka on the thread that polls.
extension KafkaGroup {
    func rebalance(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    ) {
        guard code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS else {
            revoke(KafkaPartitions.elements(partitions))
            _ = rd_kafka_assign(client, nil)
            return
        }
        let elements = positions(client, partitions)
        let assignment = KafkaPartitions()
        state.withLock { state in
            for element in elements {
                // A topic that was left meanwhile is assigned all the same, as librdkafka expects; its messages are dropped.
                var start = element.offset
                if state.topics[element.topic] != nil {
                    var progress = state.topics[element.topic]?.progress[element.partition] ?? PartitionProgress()
                    if start >= 0 { start = progress.begin(at: start) }
                    state.topics[element.topic]?.progress[element.partition] = progress
                    state.topics[element.topic]?.assigned.insert(element.partition)
                    state.topics[element.topic]?.isHeldBack = false
                    state.topics[element.topic]?.wasAssigned = true
                }
                assignment.add(element.topic, element.partition, offset: start)
            }
        }
        _ = rd_kafka_assign(client, assignment.list)
        for topic in Set(elements.map(\.topic)) { joined(topic) }
    }

    private func revoke(_ elements: [KafkaPartitions.Element]) {
        state.withLock { state in
            for element in elements {
                state.topics[element.topic]?.assigned.remove(element.partition)
                var dropped: [Int64] = []
                state.topics[element.topic]?.queue.removeWaiting { message in
                    guard message.partition == element.partition else { return false }
                    dropped.append(message.offset)
                    return true
                }
                for offset in dropped { state.topics[element.topic]?.progress[element.partition]?.lose(offset) }
            }
        }
    }

    /// Where the group is with each partition. One of which it knows nothing begins as `initialOffset` says, and that
    /// is committed at once: what is published before the first message was taken belongs to the group already.
    private func positions(
        _ client: OpaquePointer, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    ) -> [KafkaPartitions.Element] {
        let committed = KafkaPartitions(copying: partitions)
        guard rd_kafka_committed(client, committed.list, Self.lookupMilliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return KafkaPartitions.elements(partitions)
        }
        let elements = KafkaPartitions.elements(committed.list)
        // Partitions that were added to a topic which the group knows are new as a whole.
        let known = Set(elements.filter { $0.offset >= 0 }.map(\.topic))
        // All of them at once: a request waits behind a fetch under way on its connection.
        let asked = KafkaPartitions()
        for element in elements where element.offset < 0 {
            let end = settings.startsAtOldest || known.contains(element.topic) ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END
            asked.add(element.topic, element.partition, offset: Int64(end))
        }
        guard asked.count > 0, rd_kafka_offsets_for_times(client, asked.list, Self.lookupMilliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR
        else { return elements }
        var offsets: [String: [Int32: Int64]] = [:]
        let begun = KafkaPartitions()
        for answer in KafkaPartitions.elements(asked.list) where answer.offset >= 0 {
            offsets[answer.topic, default: [:]][answer.partition] = answer.offset
            begun.add(answer.topic, answer.partition, offset: answer.offset)
        }
        if begun.count > 0, rd_kafka_commit(client, begun.list, 0) != RD_KAFKA_RESP_ERR_NO_ERROR {
            logger.debug("Kafka: the begin of the group \(name) could not be committed")
        }
        return elements.map { element in
            var element = element
            if element.offset < 0, let offset = offsets[element.topic]?[element.partition] { element.offset = offset }
            return element
        }
    }
}
#endif
