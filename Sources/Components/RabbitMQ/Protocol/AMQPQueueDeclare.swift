/// A queue as it is to be (queue.declare).
struct AMQPQueueDeclare: Equatable, Sendable {
    var name: String
    var isDurable: Bool
    var isExclusive = false
    var isAutoDeleted: Bool
    var arguments = AMQPTable()
}
