"""Brokers that speak Kafka's protocol: the mock cluster that librdkafka brings, in this process."""

import ctypes
import ctypes.util


def library():
    """librdkafka, or None where it is not installed."""
    name = ctypes.util.find_library("rdkafka")
    return ctypes.CDLL(name) if name else None


class KafkaCluster:
    """``brokers`` is what a client is given."""

    def __init__(self, brokers=1):
        self.kafka = library()
        for function in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(self.kafka, function).restype = ctypes.c_void_p
        self.kafka.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        producer = 0
        self.client = ctypes.c_void_p(
            self.kafka.rd_kafka_new(producer, ctypes.c_void_p(self.kafka.rd_kafka_conf_new()), None, ctypes.c_size_t(0)))
        self.count = brokers
        self.cluster = ctypes.c_void_p(self.kafka.rd_kafka_mock_cluster_new(self.client, brokers))
        self.brokers = self.kafka.rd_kafka_mock_cluster_bootstraps(self.cluster).decode()

    def create_topic(self, name, partitions=4):
        assert self.kafka.rd_kafka_mock_topic_create(self.cluster, name.encode(), partitions, 1) == 0

    def set_down(self, is_down):
        change = self.kafka.rd_kafka_mock_broker_set_down if is_down else self.kafka.rd_kafka_mock_broker_set_up
        for broker in range(1, self.count + 1):
            change(self.cluster, broker)

    def close(self):
        self.kafka.rd_kafka_mock_cluster_destroy(self.cluster)
        self.kafka.rd_kafka_destroy(self.client)
