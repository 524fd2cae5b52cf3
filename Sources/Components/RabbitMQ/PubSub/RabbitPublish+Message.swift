import MechaCore
import NIOCore

extension RabbitPublish {
    /// Metadata that says how to send a message and is not sent as a header.
    private static let controls: Set<String> = [
        "ttlinseconds", "rawpayload", "delayinseconds", "partitionkey", "routingkey", "priority", "contenttype", "messageid",
        "correlationid",
        "type",
    ]

    /// A message with the properties that request metadata name, as Dapr reads them. Throws ``CapabilityError``
    /// (`invalidArgument`).
    init(
        exchange: String, routingKey: String, body: ByteBuffer, contentType: String, metadata: [String: String], timeToLive: Duration?,
        deliveryMode: UInt8, sendsAllHeaders: Bool = false
    ) throws {
        let keys = ComponentMetadata(metadata)
        var properties = AMQPProperties()
        properties.contentType = keys.string("contentType", default: contentType.isEmpty ? "text/plain" : contentType)
        properties.messageID = keys.string("messageId")
        properties.correlationID = keys.string("correlationId")
        properties.type = keys.string("type")
        if deliveryMode > 0 { properties.deliveryMode = deliveryMode }
        if let timeToLive { properties.expiration = "\(Int64(timeToLive.inMilliseconds))" }
        if let text = keys.string("priority") {
            guard let number = UInt64(text) else {
                throw CapabilityError(.invalidArgument, "metadata priority is \"\(text)\"; expected a number from 0 to 255")
            }
            properties.priority = UInt8(clamping: number)
        }
        var headers = AMQPTable()
        for (name, value) in keys.pairs where sendsAllHeaders || !Self.controls.contains(name.lowercased()) {
            headers[name] = .text(value)
        }
        if !headers.isEmpty { properties.headers = headers }
        let short = [properties.contentType, properties.messageID, properties.correlationID, properties.type, exchange, routingKey]
        guard short.allSatisfy({ AMQPText.isShort($0 ?? "") }), headers.fields.allSatisfy({ AMQPText.isShort($0.name) }) else {
            throw CapabilityError(.invalidArgument, "names, routing keys and properties of RabbitMQ have at most 255 bytes")
        }
        self.init(exchange: exchange, routingKey: routingKey, properties: properties, body: body)
    }
}
