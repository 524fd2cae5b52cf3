import NIOCore

/// A message as it is to be published.
struct RabbitPublish: Equatable, Sendable {
    /// Empty for the default exchange, whose routing keys are names of queues.
    var exchange: String
    var routingKey: String
    /// The server is to say when it reaches no queue.
    var isMandatory = false
    var properties: AMQPProperties
    var body: ByteBuffer
}
