import MechaCore

/// A consumer as the server describes it.
struct JetStreamConsumer: Sendable, Equatable {
    var stream: String
    var name: String
    var filter: String
    /// Where a push consumer sends; nil for a pull consumer.
    var deliverSubject: String?
    var deliverGroup: String?
    var acknowledgementWait: Duration
    var acknowledges: Bool
    var heartbeat: Duration?

    /// Throws ``CapabilityError`` for an answer that describes none.
    init(_ answer: JSON) throws(CapabilityError) {
        guard let stream = answer["stream_name"]?.stringValue, let name = answer["name"]?.stringValue, let config = answer["config"] else {
            throw CapabilityError(.backend, "JetStream describes no consumer")
        }
        self.stream = stream
        self.name = name
        filter = config["filter_subject"]?.stringValue ?? ""
        deliverSubject = config["deliver_subject"]?.stringValue
        deliverGroup = config["deliver_group"]?.stringValue
        acknowledges = config["ack_policy"]?.stringValue != "none"
        acknowledgementWait = Self.duration(config["ack_wait"]) ?? .seconds(30)
        heartbeat = Self.duration(config["idle_heartbeat"])
    }

    private static func duration(_ value: JSON?) -> Duration? {
        guard case .number(let text)? = value, let nanoseconds = Int64(text), nanoseconds > 0 else { return nil }
        return .nanoseconds(nanoseconds)
    }
}
