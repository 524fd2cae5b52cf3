import MechaCore
import NIOCore

/// Which exchanges and queues stand for a topic, as Dapr's component lays them out: an exchange named for the topic, a
/// queue `<group>-<topic>` for each group, and with dead letters `dlx-<queue>` and `dlq-<queue>`.
struct RabbitLayout: Sendable, Equatable {
    var exchangeKind = "fanout"
    var isDurable = false
    var isDeletedWhenUnused = true
    var hasDeadLetters = false
    var maximumMessages: Int?
    var maximumBytes: Int?

    func exchange(_ topic: String) -> AMQPExchangeDeclare {
        AMQPExchangeDeclare(name: topic, kind: exchangeKind, isDurable: isDurable, isAutoDeleted: isDeletedWhenUnused)
    }

    /// What must be declared and bound, in this order, before messages of a subscription can be consumed.
    func methods(_ subscription: RabbitSubscription) -> [AMQPMethod] {
        let queue = subscription.queue
        var methods: [AMQPMethod] = [.exchangeDeclare(exchange(subscription.topic))]
        var arguments = limits
        if hasDeadLetters {
            let exchange = "dlx-\(queue)"
            let dead = "dlq-\(queue)"
            var deadArguments = limits
            deadArguments["x-queue-mode"] = .text("lazy")
            methods += [
                // Durable whatever the queue is, as Dapr has it.
                .exchangeDeclare(AMQPExchangeDeclare(name: exchange, kind: "fanout", isDurable: true, isAutoDeleted: isDeletedWhenUnused)),
                .queueDeclare(
                    AMQPQueueDeclare(name: dead, isDurable: true, isAutoDeleted: isDeletedWhenUnused, arguments: deadArguments)),
                .queueBind(queue: dead, exchange: exchange, routingKey: "", arguments: AMQPTable()),
            ]
            arguments["x-dead-letter-exchange"] = .text(exchange)
        }
        if let priority = subscription.maximumPriority { arguments["x-max-priority"] = .uint8(priority) }
        arguments["x-queue-type"] = .text(subscription.queueType)
        if subscription.hasSingleActiveConsumer { arguments["x-single-active-consumer"] = .bool(true) }
        if let bytes = subscription.maximumBytes { arguments["x-max-length-bytes"] = .int64(Int64(bytes)) }
        if let messages = subscription.maximumMessages { arguments["x-max-length"] = .int64(Int64(messages)) }
        methods.append(
            .queueDeclare(AMQPQueueDeclare(name: queue, isDurable: isDurable, isAutoDeleted: isDeletedWhenUnused, arguments: arguments)))
        for key in subscription.routingKeys {
            methods.append(.queueBind(queue: queue, exchange: subscription.topic, routingKey: key, arguments: AMQPTable()))
        }
        return methods
    }

    private var limits: AMQPTable {
        var arguments = AMQPTable()
        if let maximumMessages { arguments["x-max-length"] = .int64(Int64(maximumMessages)) }
        if let maximumBytes { arguments["x-max-length-bytes"] = .int64(Int64(maximumBytes)) }
        return arguments
    }
}
