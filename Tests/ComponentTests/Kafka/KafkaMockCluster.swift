#if Kafka
import CRdKafka
import Synchronization

/// The cluster that librdkafka brings for tests: brokers that speak Kafka's protocol on loopback ports, in this process.
final class KafkaMockCluster: @unchecked Sendable {
    private let client: OpaquePointer
    private let cluster: OpaquePointer
    let brokers: String
    private let count: Int32

    struct Failed: Error {}

    init(brokers count: Int32 = 3) throws {
        self.count = count
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0),
            let cluster = rd_kafka_mock_cluster_new(client, count), let brokers = rd_kafka_mock_cluster_bootstraps(cluster)
        else { throw Failed() }
        self.client = client
        self.cluster = cluster
        self.brokers = String(cString: brokers)
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }

    func createTopic(_ name: String, partitions: Int32) { _ = rd_kafka_mock_topic_create(cluster, name, partitions, 1) }

    /// Takes every broker from the network, or puts it back.
    func setDown(_ isDown: Bool) {
        for id in 1...count { _ = isDown ? rd_kafka_mock_broker_set_down(cluster, id) : rd_kafka_mock_broker_set_up(cluster, id) }
    }

    /// Every answer comes so much later.
    func setDelay(milliseconds: Int32) {
        for id in 1...count { _ = rd_kafka_mock_broker_set_rtt(cluster, id, milliseconds) }
    }

    /// The next `count` produce requests fail so.
    func failProducing(_ code: rd_kafka_resp_err_t, times: Int) {
        var codes = [rd_kafka_resp_err_t](repeating: code, count: times)
        // 0 is the number of the Produce request.
        rd_kafka_mock_push_request_errors_array(cluster, 0, codes.count, &codes)
    }

    /// One for all tests that leave it alone.
    static let shared = Result { try KafkaMockCluster() }
}
#endif
