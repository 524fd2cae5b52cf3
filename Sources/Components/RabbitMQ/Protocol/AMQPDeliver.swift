/// The announcement of a message for a consumer (basic.deliver).
struct AMQPDeliver: Equatable, Sendable {
    var consumerTag: String
    var deliveryTag: UInt64
    /// It was given to a consumer before.
    var isRedelivered: Bool
    var exchange: String
    var routingKey: String
}
