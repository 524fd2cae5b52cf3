/// An exchange as it is to be (exchange.declare).
struct AMQPExchangeDeclare: Hashable, Sendable {
    var name: String
    var kind: String
    var isDurable: Bool
    var isAutoDeleted: Bool
}
