import MechaCore
import MechaWire
import NIOCore

/// What the metadata of `pubsub.rabbitmq` say beside how to reach the server.
struct RabbitPubSubSettings: Sendable {
    /// What becomes of a message that its handler did not take.
    enum Refusal: Sendable, Equatable {
        /// Back into its queue.
        case requeue
        /// To the dead letter exchange; without one it is dropped.
        case discard
    }

    var layout = RabbitLayout()
    var deliveryMode: UInt8 = 0
    var acknowledgesAtOnce = false
    var refusal = Refusal.requeue
    /// 0 for as many as may be in flight.
    var prefetchCount: UInt16 = 0
    var isSerial = false
    var timeToLive: Duration?
    var publishesProperties = false

    static let fields: [MetadataField] = [
        MetadataField("connectionString", .string, secret: true, "Server as amqp://user:password@host:port/vhost, amqps:// for TLS"),
        MetadataField("host", .string, secret: true, "Old name of connectionString"),
        MetadataField("hostname", .string, "Host and port of the server, when there is no connectionString"),
        MetadataField("protocol", .string, choices: ["amqp", "amqps"], "amqp or amqps, with hostname"),
        MetadataField("username", .string, "User, with hostname; guest when empty"),
        MetadataField("password", .string, secret: true, "Password, with hostname; guest when empty"),
        MetadataField("saslExternal", .bool, default: "false", "Log in by the client certificate"),
        MetadataField("consumerID", .string, "Stem of queue names; the app id when empty"),
        MetadataField("durable", .bool, default: "false", "Queues and exchanges outlive a restart of the server"),
        MetadataField("deletedWhenUnused", .bool, default: "true", "The server deletes queues and exchanges that nobody uses any more"),
        MetadataField("autoAck", .bool, default: "false", "Messages count as done when they are handed over"),
        MetadataField("deliveryMode", .integer, default: "0", "2: the server keeps messages on disk; 0 and 1: it does not"),
        MetadataField(
            "requeueInFailure", .bool,
            "Whether a message that was not taken goes back into its queue; when empty: yes, unless enableDeadLetter is on"),
        MetadataField(
            "prefetchCount", .integer, default: "0", "Unacknowledged messages per subscription; 0 for as many as handlers may have"),
        MetadataField("publisherConfirm", .bool, "No effect: every message is confirmed by the server before publishing succeeds"),
        MetadataField("enableDeadLetter", .bool, default: "false", "Declare a dead letter exchange and queue for each queue"),
        MetadataField("maxLen", .integer, "Messages in a queue and in its dead letter queue, at most"),
        MetadataField("maxLenBytes", .integer, "Bytes in a queue and in its dead letter queue, at most"),
        MetadataField(
            "exchangeKind", .string, default: "fanout", choices: ["fanout", "topic", "direct", "headers"], "Kind of the exchanges"),
        MetadataField("ttlInSeconds", .duration, "Time to live of messages that have none of their own"),
        MetadataField(
            "concurrency", .string, default: "parallel", choices: ["parallel", "single"],
            "Whether messages of a subscription are handled at the same time"),
        MetadataField("concurrencyMode", .string, choices: ["parallel", "single"], "Other name of concurrency"),
        MetadataField("reconnectWaitSeconds", .duration, default: "3s", "Longest pause between attempts to connect"),
        MetadataField(
            "publishMessagePropertiesToMetadata", .bool, default: "false",
            "Give messageid, correlationid, type and contenttype of a message to the app as metadata"),
    ]

    init(_ metadata: ComponentMetadata) throws {
        layout.isDurable = try metadata.bool("durable")
        layout.isDeletedWhenUnused = try metadata.bool("deletedWhenUnused", default: true)
        layout.hasDeadLetters = try metadata.bool("enableDeadLetter")
        layout.exchangeKind = try metadata.choice("exchangeKind", of: ["fanout", "topic", "direct", "headers"], default: "fanout")
        layout.maximumMessages = try RabbitSubscription.count(metadata, "maxLen")
        layout.maximumBytes = try RabbitSubscription.count(metadata, "maxLenBytes")
        deliveryMode = UInt8(try metadata.integer("deliveryMode", default: 0, in: 0...2))
        acknowledgesAtOnce = try metadata.bool("autoAck")
        refusal = try metadata.bool("requeueInFailure", default: !layout.hasDeadLetters) ? .requeue : .discard
        prefetchCount = UInt16(try metadata.integer("prefetchCount", default: 0, in: 0...Int(UInt16.max)))
        let concurrency = metadata.string("concurrencyMode") == nil ? "concurrency" : "concurrencyMode"
        isSerial = try metadata.choice(concurrency, of: ["parallel", "single"], default: "parallel") == "single"
        timeToLive = try RabbitMetadata.timeToLive(metadata, "ttlInSeconds")
        publishesProperties = try metadata.bool("publishMessagePropertiesToMetadata")
    }

    /// How to reach the server: `connectionString` (or `host`), or `hostname` and its companions.
    static func connection(_ metadata: ComponentMetadata, name: String) throws -> RabbitConfiguration {
        let field = metadata.string("connectionString") != nil ? "connectionString" : metadata.string("host") != nil ? "host" : "hostname"
        let url: ServerURL
        if let hostname = metadata.string("hostname"), field == "hostname" {
            guard var parsed = ServerURL("\(metadata.string("protocol", default: "amqp").lowercased())://\(hostname)") else {
                throw MetadataError(
                    field: field, problem: "is no host", expected: "a host name or address, with a port if it is not the usual one")
            }
            parsed.username = metadata.string("username")
            parsed.password = metadata.string("password")
            url = parsed
        } else {
            guard let text = metadata.string(field) else {
                throw MetadataError(
                    field: "connectionString", problem: "is missing", expected: "amqp://user:password@host:port, or hostname instead")
            }
            guard let parsed = ServerURL(text) else {
                throw MetadataError(field: field, problem: "is no address", expected: "amqp://user:password@host:port/vhost")
            }
            if let wanted = metadata.string("protocol"), wanted.lowercased() != parsed.scheme {
                throw MetadataError(
                    field: "protocol", problem: "is \"\(wanted)\"", expected: "the scheme of \(field), \(parsed.scheme), or nothing")
            }
            url = parsed
        }
        let login: RabbitConfiguration.Login =
            try metadata.bool("saslExternal") ? .external : .plain(username: url.username ?? "guest", password: url.password ?? "guest")
        return try RabbitMetadata.configuration(
            metadata, url: url, urlField: field, login: login, reconnectField: "reconnectWaitSeconds", longestPause: .seconds(3), name: name
        )
    }
}
