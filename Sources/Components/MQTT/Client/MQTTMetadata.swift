import MechaCore
import MechaResiliency
import MechaWire
import NIOCore

/// The metadata fields that all MQTT components share (Appendix F of the Dapr surface), and how they become an
/// ``MQTTConfiguration``.
enum MQTTMetadata {
    static let fields: [MetadataField] =
        [
            MetadataField(
                "url", .string, required: true, secret: true,
                "Broker as tcp://user:password@host:port (mqtt://), or ssl:// (mqtts://, tls://, tcps://) for TLS"),
            MetadataField(
                "consumerID", .string, "Client id, under which the broker keeps subscriptions and messages; the app id when empty"),
            MetadataField("retain", .bool, default: "false", "The broker keeps the last message of a topic for later subscribers"),
            MetadataField(
                "cleanSession", .bool, default: "false", "The broker forgets subscriptions and messages of this client when it is away"),
            MetadataField(
                "protocolVersion", .string, default: "3.1.1", choices: ["3.1.1", "5", "5.0"], "Version of MQTT to speak"),
            MetadataField("keepAlive", .duration, default: "30s", "Silence after which the connection is checked"),
            MetadataField(
                "sessionExpiryInterval", .duration, "MQTT 5: how long the broker keeps an absent client's session; without limit when empty"
            ),
            MetadataField("dialTimeout", .duration, default: "5s", "Until a new connection is ready, TLS and login included"),
            MetadataField("publishTimeout", .duration, default: "10s", "Until a published message is confirmed"),
            MetadataField(
                "redeliverInterval", .duration, default: "100ms",
                "Pause before a message that was not acknowledged is handed over again; doubles up to maxRedeliverInterval"),
            MetadataField("maxRedeliverInterval", .duration, default: "10s", "Longest pause before a message is handed over again"),
            MetadataField("maxPacketSize", .bytes, default: "16Mi", "Largest packet that is read"),
        ] + SocketTLS.fields

    /// Reads and checks all of it. Throws ``MetadataError``.
    static func configuration(_ metadata: ComponentMetadata, appID: String) throws -> MQTTConfiguration {
        let (url, isSecure) = try address(metadata)
        let version: MQTTVersion =
            try metadata.choice("protocolVersion", of: ["3.1.1", "5", "5.0"], default: "3.1.1") == "3.1.1" ? .v311 : .v5
        let dialTimeout = try positive(metadata, "dialTimeout", .seconds(5))
        let consumerID = metadata.string("consumerID", default: appID)
        guard MQTTText.isWritable(consumerID) else {
            throw MetadataError(
                field: "consumerID", problem: "is longer than 65,535 bytes or has a null character", expected: "a client id")
        }
        let keepAlive = try positive(metadata, "keepAlive", .seconds(30)).nanoseconds / 1_000_000_000
        let expiry = try metadata.duration("sessionExpiryInterval")
        guard try expiry == nil || metadata.bool("cleanSession") == false else {
            throw MetadataError(field: "sessionExpiryInterval", problem: "is given", expected: "cleanSession false with it")
        }
        var configuration = MQTTConfiguration(
            dialer: SocketDialer(
                host: url.host, port: url.port ?? (isSecure ? 8883 : 1883), tls: isSecure ? try SocketTLS(metadata) : nil,
                timeout: dialTimeout),
            version: version, username: url.username, password: url.password, consumerID: consumerID,
            isCleanSession: try metadata.bool("cleanSession"), qos: .atLeastOnce, isRetained: try metadata.bool("retain"),
            keepAlive: UInt16(clamping: max(1, keepAlive)),
            sessionExpiry: expiry.map { UInt32(clamping: Int64($0.inSeconds)) } ?? .max, dialTimeout: dialTimeout,
            publishTimeout: try positive(metadata, "publishTimeout", .seconds(10)),
            redelivery: Backoff(
                initial: try metadata.duration("redeliverInterval", default: .milliseconds(100)),
                maximum: try metadata.duration("maxRedeliverInterval", default: .seconds(10)), multiplier: 2, jitter: 0.1))
        configuration.limits.packetBytes = try metadata.byteSize("maxPacketSize", default: configuration.limits.packetBytes)
        return configuration
    }

    /// `qos` of pub/sub.
    static func qos(_ metadata: ComponentMetadata) throws -> MQTTQoS {
        let number = try metadata.integer("qos", default: 1, in: 0...2)
        return MQTTQoS(rawValue: UInt8(number)) ?? .atLeastOnce
    }

    private static func address(_ metadata: ComponentMetadata) throws -> (ServerURL, isSecure: Bool) {
        guard let url = ServerURL(try metadata.required("url")) else {
            throw MetadataError(field: "url", problem: "is not an address", expected: "tcp://host:port or ssl://host:port")
        }
        switch url.scheme {
        case "tcp", "mqtt": return (url, false)
        case "ssl", "tls", "mqtts", "tcps": return (url, true)
        default:
            throw MetadataError(
                field: "url", problem: "has the scheme \"\(url.scheme)\"", expected: "tcp://, mqtt://, ssl://, tls://, mqtts:// or tcps://")
        }
    }

    private static func positive(_ metadata: ComponentMetadata, _ field: String, _ fallback: Duration) throws -> TimeAmount {
        let duration = try metadata.duration(field, default: fallback)
        guard duration > .zero else {
            throw MetadataError(field: field, problem: "is not above zero", expected: "a duration such as 5s")
        }
        return .nanoseconds(duration.wholeNanoseconds)
    }
}
