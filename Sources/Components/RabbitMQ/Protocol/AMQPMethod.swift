import NIOCore

/// The methods that this client sends or gets (AMQP 0-9-1 §1.4 to §1.8 and RabbitMQ's extensions), both directions, so
/// that tests can play the server.
enum AMQPMethod: Equatable, Sendable {
    // Class connection
    case connectionStart(serverProperties: AMQPTable, mechanisms: String, locales: String)
    case connectionStartOk(clientProperties: AMQPTable, mechanism: String, response: ByteBuffer, locale: String)
    case connectionTune(channels: UInt16, frameBytes: UInt32, heartbeat: UInt16)
    case connectionTuneOk(channels: UInt16, frameBytes: UInt32, heartbeat: UInt16)
    case connectionOpen(virtualHost: String)
    case connectionOpenOk
    case connectionClose(AMQPCloseReason)
    case connectionCloseOk
    case connectionBlocked(reason: String)
    case connectionUnblocked
    // Class channel
    case channelOpen
    case channelOpenOk
    case channelFlow(isActive: Bool)
    case channelFlowOk(isActive: Bool)
    case channelClose(AMQPCloseReason)
    case channelCloseOk
    // Class exchange
    case exchangeDeclare(AMQPExchangeDeclare)
    case exchangeDeclareOk
    // Class queue
    case queueDeclare(AMQPQueueDeclare)
    case queueDeclareOk(queue: String, messages: UInt32, consumers: UInt32)
    case queueBind(queue: String, exchange: String, routingKey: String, arguments: AMQPTable)
    case queueBindOk
    case queueDelete(queue: String)
    case queueDeleteOk(messages: UInt32)
    // Class basic
    case basicQos(prefetchCount: UInt16, isGlobal: Bool)
    case basicQosOk
    case basicConsume(queue: String, consumerTag: String, isExclusive: Bool)
    case basicConsumeOk(consumerTag: String)
    case basicCancel(consumerTag: String, isNoWait: Bool)
    case basicCancelOk(consumerTag: String)
    case basicPublish(exchange: String, routingKey: String, isMandatory: Bool)
    case basicReturn(code: UInt16, text: String, exchange: String, routingKey: String)
    case basicDeliver(AMQPDeliver)
    case basicAck(tag: UInt64, isMultiple: Bool)
    case basicNack(tag: UInt64, isMultiple: Bool, requeues: Bool)
    // Class confirm
    case confirmSelect
    case confirmSelectOk

    /// A header frame and body frames follow.
    var hasContent: Bool {
        switch self {
        case .basicPublish, .basicReturn, .basicDeliver: true
        default: false
        }
    }
}
