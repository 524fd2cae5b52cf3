#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// Swift cannot call functions of variable arguments.

/// Gives a message to the producer, which copies it; `headers` are the producer's own when this succeeds.
static inline rd_kafka_resp_err_t mecha_kafka_produce(
    rd_kafka_t *client, const char *topic, const void *payload, size_t length, const void *key, size_t keyLength,
    rd_kafka_headers_t *headers, void *opaque) {
    if (headers != NULL) {
        return rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE((void *)payload, length),
            RD_KAFKA_V_KEY(key, keyLength), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    }
    return rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE((void *)payload, length),
        RD_KAFKA_V_KEY(key, keyLength), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}
