import MechaCore
import MechaWire

extension RabbitBinding {
    /// `bindings.rabbitmq`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "bindings.rabbitmq", summary: "Messages of a queue of RabbitMQ, in and out",
        fields: [
            MetadataField(
                "host", .string, required: true, secret: true, "Server as amqp://user:password@host:port/vhost, amqps:// for TLS"),
            MetadataField("queueName", .string, required: true, "Queue to read and to write"),
            MetadataField("durable", .bool, default: "false", "The queue outlives a restart of the server"),
            MetadataField("deleteWhenUnused", .bool, default: "false", "The server deletes the queue when nobody reads it any more"),
            MetadataField("exclusive", .bool, default: "false", "The queue is of this connection only, and goes with it"),
            MetadataField("ttl", .duration, "Other name of ttlInSeconds"),
            MetadataField("ttlInSeconds", .duration, "Time to live of the queue's messages"),
            MetadataField("prefetchCount", .integer, default: "0", "Unacknowledged messages; 0 for as many as handlers may have"),
            MetadataField("maxPriority", .integer, "Greatest priority of the queue's messages, 1 to 255; no priorities when empty"),
            MetadataField("contentType", .string, default: "text/plain", "Media type of messages that name none"),
            MetadataField("reconnectWaitInSeconds", .duration, default: "5s", "Longest pause between attempts to connect"),
            MetadataField("externalSasl", .bool, default: "false", "Log in by the client certificate"),
            MetadataField("saslExternal", .bool, default: "false", "Other name of externalSasl"),
        ] + RabbitMetadata.commonFields
    ) { metadata, environment in
        guard let url = ServerURL(try metadata.required("host")) else {
            throw MetadataError(field: "host", problem: "is no address", expected: "amqp://user:password@host:port/vhost")
        }
        let isExternal = try metadata.bool("externalSasl") || metadata.bool("saslExternal")
        let configuration = try RabbitMetadata.configuration(
            metadata, url: url, urlField: "host",
            login: isExternal ? .external : .plain(username: url.username ?? "guest", password: url.password ?? "guest"),
            reconnectField: "reconnectWaitInSeconds", longestPause: .seconds(5), name: environment.name)
        var queue = AMQPQueueDeclare(
            name: try metadata.required("queueName"), isDurable: try metadata.bool("durable"), isExclusive: try metadata.bool("exclusive"),
            isAutoDeleted: try metadata.bool("deleteWhenUnused"))
        guard AMQPText.isShort(queue.name) else {
            throw MetadataError(field: "queueName", problem: "is longer than 255 bytes", expected: "the name of a queue")
        }
        if let timeToLive = try RabbitMetadata.timeToLive(metadata, metadata.string("ttlInSeconds") == nil ? "ttl" : "ttlInSeconds") {
            queue.arguments["x-message-ttl"] = .int64(Int64(timeToLive.inMilliseconds))
        }
        if let priority = try metadata.integer("maxPriority") { queue.arguments["x-max-priority"] = .uint8(UInt8(clamping: priority)) }
        return RabbitBinding(
            configuration: configuration, queue: queue,
            prefetchCount: UInt16(try metadata.integer("prefetchCount", default: 0, in: 0...Int(UInt16.max))),
            contentType: metadata.string("contentType", default: "text/plain"), environment: environment)
    }
}
