#if Kafka
import CRdKafka
import MechaCore

extension CapabilityError {
    /// What librdkafka says of a failure.
    init(kafka code: rd_kafka_resp_err_t, _ what: String) {
        let text = "\(what): \(String(cString: rd_kafka_err2str(code)))"
        switch code {
        case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__WAIT_COORD:
            self.init(.unavailable, text)
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR__INVALID_ARG:
            self.init(.invalidArgument, text)
        case RD_KAFKA_RESP_ERR__QUEUE_FULL: self.init(.resourceExhausted, text)
        case RD_KAFKA_RESP_ERR__DESTROY, RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT: self.init(.closed, text)
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            self.init(.permissionDenied, text)
        default: self.init(.backend, text)
        }
    }
}
#endif
