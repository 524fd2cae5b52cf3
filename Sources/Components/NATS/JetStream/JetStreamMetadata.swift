import MechaCore

/// The metadata fields of `pubsub.jetstream` (Appendix F of the Dapr surface) and how they become a configuration.
enum JetStreamMetadata {
    static let fields: [MetadataField] = servers + consumers

    private static let servers: [MetadataField] = [
        MetadataField(
            "natsURL", .string, required: true, secret: true,
            "nats://host:port, several with commas; tls:// demands TLS; may carry user:password@ or token@"),
        MetadataField("name", .string, default: "dapr.io - pubsub.jetstream", "What the server's list of connections shows"),
        MetadataField("token", .string, secret: true, "Token to log in with"),
        MetadataField("username", .string, "User to log in as"),
        MetadataField("password", .string, secret: true, "Password of the user"),
        MetadataField("jwt", .string, secret: true, "User JWT; needs seedKey"),
        MetadataField("seedKey", .string, secret: true, "Seed of the user's key (SU...), which signs the server's nonce"),
        MetadataField("tls_client_cert", .string, "Client certificate, PEM or the path of a file with it"),
        MetadataField("tls_client_key", .string, secret: true, "Private key of the client certificate, PEM or path"),
        MetadataField("tls_ca_cert", .string, "Certificates that are trusted instead of the system's, PEM or path"),
        MetadataField("insecureSkipTLSVerify", .bool, default: "false", "Accept any server certificate"),
        MetadataField("domain", .string, "JetStream domain to talk to"),
        MetadataField("apiPrefix", .string, "Prefix of the JetStream API's subjects; goes before domain"),
    ]

    private static let consumers: [MetadataField] = [
        MetadataField("streamName", .string, "Stream of all topics; found by the topic when empty"),
        MetadataField("durableName", .string, "Name of the durable consumer; made of the consumer group and the topic when empty"),
        MetadataField("queueGroupName", .string, "Deliver group that shares the messages of a push consumer"),
        MetadataField("consumerID", .string, "Name of the consumer group; the app id when empty"),
        MetadataField(
            "deliverPolicy", .string, default: "all", choices: JetStreamSettings.Policy.allCases.map(\.rawValue),
            "Where a new consumer begins"),
        MetadataField("startSequence", .integer, "First message of deliverPolicy sequence"),
        MetadataField("startTime", .integer, "Seconds since 1970 for deliverPolicy time"),
        MetadataField(
            "ackPolicy", .string, default: "explicit", choices: JetStreamSettings.Acknowledgement.allCases.map(\.rawValue),
            "What an acknowledgement covers"),
        MetadataField(
            "ackWait", .duration, default: "30s",
            "How long the server waits for an acknowledgement; also the pause before a refused message comes again"),
        MetadataField("maxDeliver", .integer, "How often a message is delivered at most; without limit when empty"),
        MetadataField("backOff", .string, "Pauses before redeliveries, with commas: 50ms, 1s, 10s"),
        MetadataField("maxAckPending", .integer, "Messages delivered and not acknowledged, at most, over all consumers of the group"),
        MetadataField("replicas", .integer, "Copies of the consumer's state (and of a stream that is created)"),
        MetadataField("memoryStorage", .bool, default: "false", "Keep the consumer's state (and a stream that is created) in memory only"),
        MetadataField("rateLimit", .integer, "Bits in a second that a push consumer sends at most"),
        MetadataField("flowControl", .bool, default: "false", "Flow control of a push consumer; needs heartbeat"),
        MetadataField("heartbeat", .duration, "How often an idle push consumer says that it is there"),
        MetadataField("hearbeat", .duration, "Old spelling of heartbeat"),
        MetadataField("concurrency", .string, default: "single", choices: ["single", "parallel"], "One message at a time, or many"),
        MetadataField("autoCreateStream", .bool, default: "false", "Create a stream for a topic that none covers"),
    ]

    /// Reads and checks all that concerns the connection. Throws ``MetadataError``.
    static func configuration(_ metadata: ComponentMetadata) throws -> NATSConfiguration {
        var addresses: [NATSAddress] = []
        for part in try metadata.required("natsURL").split(separator: ",") {
            guard let address = NATSAddress(String(part.filter { !$0.isWhitespace })) else {
                throw MetadataError(field: "natsURL", problem: "cannot be read", expected: "nats://host:port, several with commas")
            }
            addresses.append(address)
        }
        var configuration = NATSConfiguration(addresses: addresses)
        configuration.clientName = metadata.string("name", default: "dapr.io - pubsub.jetstream")
        configuration.token = metadata.string("token")
        configuration.user = metadata.string("username")
        configuration.password = metadata.string("password")
        configuration.jwt = metadata.string("jwt")
        try pair(metadata, "tls_client_cert", "tls_client_key")
        if configuration.jwt != nil { _ = try metadata.required("seedKey") }
        if let seed = metadata.string("seedKey") {
            guard let key = try? NATSKey(seed: seed) else {
                throw MetadataError(field: "seedKey", problem: "is no seed of a key", expected: "a text such as SUA... from nsc or nk")
            }
            configuration.key = key
        }
        configuration.tls = NATSTLS(
            certificate: metadata.string("tls_client_cert", default: ""), key: metadata.string("tls_client_key", default: ""),
            authorities: metadata.string("tls_ca_cert", default: ""), skipsVerification: try metadata.bool("insecureSkipTLSVerify"))
        return configuration
    }

    private static func pair(_ metadata: ComponentMetadata, _ first: String, _ second: String) throws {
        if metadata.string(first) != nil { _ = try metadata.required(second) }
        if metadata.string(second) != nil { _ = try metadata.required(first) }
    }
}
