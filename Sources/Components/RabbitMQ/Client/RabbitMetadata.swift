import MechaCore
import MechaResiliency
import MechaWire
import NIOCore

/// The metadata fields about reaching RabbitMQ (Appendix F of the Dapr surface), and how they become a
/// ``RabbitConfiguration``.
enum RabbitMetadata {
    /// Fields of both components.
    static let commonFields: [MetadataField] =
        [
            MetadataField("clientName", .string, "Name of the connection in RabbitMQ's lists"),
            MetadataField("heartBeat", .duration, default: "10s", "Interval at which both sides show that they live; 0 for none"),
            MetadataField("dialTimeout", .duration, default: "5s", "Until a new connection is ready, TLS and login included"),
            MetadataField("publishTimeout", .duration, default: "10s", "Until a published message is confirmed"),
            MetadataField(
                "redeliverInterval", .duration, default: "100ms",
                "Pause before a message that was not acknowledged is given back to its queue"),
        ] + SocketTLS.fields

    static func configuration(
        _ metadata: ComponentMetadata, url: ServerURL, urlField: String, login: RabbitConfiguration.Login, reconnectField: String,
        longestPause: Duration,
        name: String
    ) throws -> RabbitConfiguration {
        let isSecure: Bool
        switch url.scheme {
        case "amqp": isSecure = false
        case "amqps": isSecure = true
        default: throw MetadataError(field: urlField, problem: "has the scheme \"\(url.scheme)\"", expected: "amqp:// or amqps://")
        }
        if case .external = login, !isSecure {
            throw MetadataError(field: "saslExternal", problem: "is true", expected: "amqps and a client certificate with it")
        }
        let dialTimeout = try positive(metadata, "dialTimeout", .seconds(5))
        guard let virtualHost = PercentCoding.decode(url.path.dropFirst()), AMQPText.isShort(virtualHost) else {
            throw MetadataError(
                field: urlField, problem: "has a path that is no virtual host", expected: "at most 255 bytes, percent-escaped")
        }
        let heartbeat = try metadata.duration("heartBeat", default: .seconds(10))
        guard heartbeat >= .zero else {
            throw MetadataError(field: "heartBeat", problem: "is below zero", expected: "a duration such as 10s, or 0")
        }
        let pause = try metadata.duration(reconnectField, default: longestPause)
        guard pause > .zero else {
            throw MetadataError(field: reconnectField, problem: "is not above zero", expected: "a duration such as 3s")
        }
        return RabbitConfiguration(
            dialer: SocketDialer(
                host: url.host, port: url.port ?? (isSecure ? 5671 : 5672), tls: isSecure ? try SocketTLS(metadata) : nil,
                timeout: dialTimeout),
            virtualHost: virtualHost.isEmpty ? "/" : virtualHost, login: login,
            clientName: metadata.string("clientName", default: "mecha:\(name)"),
            heartbeat: UInt16(clamping: Int64(heartbeat.inSeconds.rounded(.up))),
            reconnection: Backoff(initial: min(.milliseconds(50), pause), maximum: pause, multiplier: 2, jitter: 0.25),
            dialTimeout: dialTimeout,
            publishTimeout: try positive(metadata, "publishTimeout", .seconds(10)),
            redeliverInterval: try positive(metadata, "redeliverInterval", .milliseconds(100)))
    }

    static func positive(_ metadata: ComponentMetadata, _ field: String, _ fallback: Duration) throws -> TimeAmount {
        let duration = try metadata.duration(field, default: fallback)
        guard duration > .zero else { throw MetadataError(field: field, problem: "is not above zero", expected: "a duration such as 5s") }
        return .nanoseconds(duration.wholeNanoseconds)
    }

    /// Seconds to live, of messages or of a queue's.
    static func timeToLive(_ metadata: ComponentMetadata, _ field: String) throws -> Duration? {
        guard let duration = try metadata.duration(field) else { return nil }
        guard duration > .zero, duration.inMilliseconds < 4_294_967_295 else {
            throw MetadataError(field: field, problem: "is out of range", expected: "a number of seconds above zero and below 4294967")
        }
        return duration
    }
}
