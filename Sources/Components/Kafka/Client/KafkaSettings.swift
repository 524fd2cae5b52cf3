#if Kafka
import MechaCore
import MechaExpressions

/// The metadata of Dapr's Kafka components (Appendix F of the Dapr surface), as properties of librdkafka.
struct KafkaSettings: Sendable {
    /// Properties that every client has.
    let common: [(String, String)]
    let producer: [(String, String)]
    var consumer: [(String, String)]
    /// Nil for the group of the subscription.
    let consumerGroup: String?
    let startsAtOldest: Bool
    /// Messages of a topic that wait for the app here.
    let fetchedAtMost: Int
    let retryInterval: Duration
    /// Whether a message that was not acknowledged is handed over again; Dapr's bindings pass it over by default.
    let retries: Bool
    let escapesHeaders: Bool
    /// Metadata that does not travel as headers, either way.
    let excludedHeaders: RegularExpression?

    static let fields: [MetadataField] = [
        MetadataField("brokers", .string, required: true, "Addresses of brokers, with commas between them"),
        MetadataField("consumerGroup", .string, "Consumer group; consumerID or the app id by default"),
        MetadataField("clientID", .string, default: "sarama", "Name of the client in the brokers' logs and quotas"),
        MetadataField(
            "authType", .string, choices: ["none", "password", "mtls", "certificate", "oidc"],
            "How to prove who the runtime is; must be there unless authRequired is"),
        MetadataField("authRequired", .bool, "Older form of authType: false is none, true is password or mtls"),
        MetadataField("saslUsername", .string, "User of authType password"),
        MetadataField("saslPassword", .string, secret: true, "Password of authType password"),
        MetadataField(
            "saslMechanism", .string, default: "PLAINTEXT", choices: ["PLAINTEXT", "PLAIN", "SHA-256", "SHA-512"],
            "Mechanism of authType password"),
        MetadataField("oidcTokenEndpoint", .string, "Token endpoint of authType oidc"),
        MetadataField("oidcClientID", .string, "Client id of authType oidc"),
        MetadataField("oidcClientSecret", .string, secret: true, "Client secret of authType oidc"),
        MetadataField("oidcScopes", .string, default: "openid", "Scopes of authType oidc, with commas between them"),
        MetadataField("oidcExtensions", .string, "SASL extensions of authType oidc, a JSON object of texts"),
        MetadataField("caCert", .string, "Certificates that are trusted instead of the system's, PEM"),
        MetadataField("clientCert", .string, "Client certificate of authType mtls, PEM"),
        MetadataField("clientKey", .string, secret: true, "Private key of the client certificate, PEM"),
        MetadataField("skipVerify", .bool, default: "false", "Whether the brokers' certificates are not verified; unsafe"),
        MetadataField("disableTls", .bool, default: "false", "Whether connections with authentication go without TLS; unsafe"),
        MetadataField(
            "initialOffset", .string, default: "newest", choices: ["newest", "oldest"], "Where a consumer group begins that is new"),
        MetadataField("maxMessageBytes", .bytes, default: "1048576", "Largest message that is published, in bytes"),
        MetadataField(
            "consumeRetryInterval", .string, default: "100ms", "Pause before a message is handed over again; a bare number is in ms"),
        MetadataField(
            "consumeRetryEnabled", .bool, "Whether a message that failed is handed over again; by default for topics, not for bindings"),
        MetadataField("heartbeatInterval", .duration, default: "3s", "Between two signs of life to the group's coordinator"),
        MetadataField("sessionTimeout", .duration, default: "10s", "After which a consumer that gives no sign is out of its group"),
        MetadataField("version", .string, default: "2.0.0.0", "Version of the brokers; they tell it themselves, so it is only checked"),
        MetadataField("compression", .string, default: "none", choices: ["none", "gzip", "snappy", "lz4", "zstd"], "Of published batches"),
        MetadataField(
            "producerRequiredAcks", .string, default: "all", choices: ["none", "leader", "all"],
            "Replicas that must have a message before it is confirmed"),
        MetadataField("producerRetryMax", .integer, default: "5", "Attempts after the first to publish a message"),
        MetadataField("consumerFetchMin", .integer, default: "1", "Bytes that a broker waits for before it answers"),
        MetadataField("consumerFetchDefault", .integer, default: "1048576", "Bytes asked for at once of each partition"),
        MetadataField(
            "consumerGroupRebalanceStrategy", .string, default: "range", choices: ["range", "sticky", "roundrobin"],
            "How partitions are shared; sticky is done as range, so a group must not mix it with clients that are sticky"),
        MetadataField("dialTimeout", .duration, default: "30s", "Until a connection is set up"),
        MetadataField("readTimeout", .duration, default: "30s", "Until a broker answers; the longer of this and writeTimeout counts"),
        MetadataField("writeTimeout", .duration, default: "30s", "Until a broker has taken a request"),
        MetadataField("metadataTimeout", .duration, default: "0", "Until a broker tells the cluster's layout; 0 for librdkafka's minute"),
        MetadataField(
            "clientConnectionTopicMetadataRefreshInterval", .duration, default: "9m", "Between two looks at the cluster's layout"),
        MetadataField(
            "clientConnectionKeepAliveInterval", .duration, default: "0", "After which an idle connection is closed; 0 for never"),
        MetadataField("channelBufferSize", .integer, default: "256", "Messages fetched ahead of the app"),
        MetadataField("escapeHeaders", .bool, default: "false", "Whether headers of received messages are escaped as in URLs"),
        MetadataField(
            "excludeHeaderMetaRegex", .string, "Regular expression of metadata that is no header, and of headers that are no metadata"),
        MetadataField("publishTimeout", .duration, default: "30s", "Until a published message is confirmed (Mecha only)"),
    ]

    /// Throws ``MetadataError``.
    init(_ metadata: ComponentMetadata, retriesByDefault: Bool) throws {
        common = try Self.common(metadata)
        producer = try Self.producer(metadata)
        consumer = try Self.consumer(metadata)
        consumerGroup = metadata.string("consumerGroup")
        startsAtOldest = try metadata.choice("initialOffset", of: ["newest", "oldest"], default: "newest") == "oldest"
        fetchedAtMost = try metadata.integer("channelBufferSize", default: 256, in: 1...100_000)
        retryInterval = try Self.milliseconds("consumeRetryInterval", metadata, default: .milliseconds(100))
        retries = try metadata.bool("consumeRetryEnabled", default: retriesByDefault)
        escapesHeaders = try metadata.bool("escapeHeaders")
        do {
            excludedHeaders = try metadata.string("excludeHeaderMetaRegex").map(RegularExpression.init)
        } catch {
            throw MetadataError(
                field: "excludeHeaderMetaRegex", problem: "is no regular expression (\(error))", expected: "one in RE2's syntax")
        }
        if let version = metadata.string("version"), version.split(separator: ".").contains(where: { UInt16($0) == nil }) {
            throw MetadataError(field: "version", problem: "is none", expected: "one such as 2.0.0")
        }
        for field in Self.schemaFields where metadata.string(field) != nil {
            throw MetadataError(
                field: field, problem: "is not supported", expected: "no such field: there is no schema registry or Avro here")
        }
        if try metadata.bool("useAvroJSON") {
            throw MetadataError(field: "useAvroJSON", problem: "is true", expected: "false: Avro is not supported")
        }
    }

    /// Fields of Dapr's component that ask for a schema registry.
    private static let schemaFields = ["schemaRegistryURL", "schemaRegistryAPIKey", "schemaRegistryAPISecret"]

    /// Throws ``CapabilityError`` (`unsupported`) when a message or a subscription asks for a schema (`valueSchemaType`).
    static func refuseSchema(_ metadata: [String: String]) throws(CapabilityError) {
        guard let type = metadata.first(where: { $0.key.lowercased() == "valueschematype" })?.value, !type.isEmpty,
            type.lowercased() != "none"
        else { return }
        throw CapabilityError(.unsupported, "valueSchemaType asks for a schema; pubsub.kafka sends and takes messages without one (None)")
    }

    private static func milliseconds(_ field: String, _ metadata: ComponentMetadata, default fallback: Duration) throws -> Duration {
        if let number = try? metadata.integer(field), number >= 0 { return .milliseconds(number) }
        return try metadata.duration(field, default: fallback)
    }

    private static func text(_ duration: Duration, atLeast floor: Int64 = 1) -> String {
        String(max(floor, duration.wholeNanoseconds / 1_000_000))
    }

    private static func common(_ metadata: ComponentMetadata) throws -> [(String, String)] {
        let size = try metadata.byteSize("maxMessageBytes", default: 1 << 20)
        let dial = try metadata.duration("dialTimeout", default: .seconds(30))
        let read = try metadata.duration("readTimeout", default: .seconds(30))
        let write = try metadata.duration("writeTimeout", default: .seconds(30))
        let layout = try metadata.duration("metadataTimeout", default: .zero)
        let idle = try metadata.duration("clientConnectionKeepAliveInterval", default: .zero)
        return [
            ("bootstrap.servers", try metadata.required("brokers")),
            ("client.id", metadata.string("clientID", default: "sarama")),
            ("message.max.bytes", String(max(1_000, min(size, 1_000_000_000)))),
            ("socket.connection.setup.timeout.ms", text(dial, atLeast: 1_000)),
            ("socket.timeout.ms", text(max(read, write), atLeast: 1_000)),
            ("connections.max.idle.ms", text(idle, atLeast: 0)),
            (
                "topic.metadata.refresh.interval.ms",
                text(try metadata.duration("clientConnectionTopicMetadataRefreshInterval", default: .seconds(540)), atLeast: 1_000)
            ),
            ("reconnect.backoff.ms", "50"), ("reconnect.backoff.max.ms", "2000"),
            // Names of topics that appear later are learned soon.
            ("allow.auto.create.topics", "true"), ("topic.metadata.propagation.max.ms", "1000"), ("log.queue", "false"),
        ] + (layout > .zero ? [("metadata.request.timeout.ms", text(layout, atLeast: 10))] : [])
            + (try KafkaSecurity.properties(metadata))
    }

    private static func producer(_ metadata: ComponentMetadata) throws -> [(String, String)] {
        let acks = ["none": "0", "leader": "1", "all": "all"]
        let wanted = try metadata.choice("producerRequiredAcks", of: ["none", "leader", "all"], default: "all")
        return [
            ("acks", acks[wanted] ?? "all"), ("linger.ms", "0"),
            ("message.send.max.retries", String(try metadata.integer("producerRetryMax", default: 5, in: 0...1_000))),
            ("message.timeout.ms", text(try metadata.duration("publishTimeout", default: .seconds(30)), atLeast: 100)),
            // A batch that is sent again must not come after the next one.
            ("max.in.flight.requests.per.connection", "1"),
            ("compression.codec", try metadata.choice("compression", of: ["none", "gzip", "snappy", "lz4", "zstd"], default: "none")),
            // Java's clients and sarama's hash keys alike with this one.
            ("partitioner", "murmur2_random"), ("queue.buffering.max.messages", "100000"), ("queue.buffering.max.kbytes", "65536"),
        ]
    }

    private static func consumer(_ metadata: ComponentMetadata) throws -> [(String, String)] {
        let strategy = try metadata.choice("consumerGroupRebalanceStrategy", of: ["range", "sticky", "roundrobin"], default: "range")
        let buffer = try metadata.integer("channelBufferSize", default: 256, in: 1...100_000)
        return [
            ("session.timeout.ms", text(try metadata.duration("sessionTimeout", default: .seconds(10)))),
            ("heartbeat.interval.ms", text(try metadata.duration("heartbeatInterval", default: .seconds(3)))),
            ("partition.assignment.strategy", strategy == "roundrobin" ? "roundrobin" : "range"),
            ("enable.auto.commit", "true"), ("auto.commit.interval.ms", "1000"), ("enable.auto.offset.store", "false"),
            // Looked up for a partition of which the group knows nothing, see KafkaConsumer.
            ("auto.offset.reset", metadata.string("initialOffset")?.lowercased() == "oldest" ? "earliest" : "latest"),
            ("max.poll.interval.ms", "86400000"),
            ("fetch.min.bytes", String(try metadata.integer("consumerFetchMin", default: 1, in: 1...100_000_000))),
            ("fetch.message.max.bytes", String(try metadata.integer("consumerFetchDefault", default: 1 << 20, in: 1...1_000_000_000))),
            ("fetch.wait.max.ms", "100"), ("queued.min.messages", String(buffer)), ("queued.max.messages.kbytes", "16384"),
            ("fetch.error.backoff.ms", "100"),
        ]
    }
}
#endif
