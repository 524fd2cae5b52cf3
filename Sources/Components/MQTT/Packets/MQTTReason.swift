import MechaCore

/// A reason code (MQTT 5 §2.4); from 0x80 a failure. CONNACK and SUBACK of 3.1.1 use numbers of their own
/// (MQTT 3.1.1 §3.2.2.3, §3.9.3), which are translated where they are read.
struct MQTTReason: Hashable, Sendable, CustomStringConvertible {
    var code: UInt8

    init(_ code: UInt8) { self.code = code }

    static let success = MQTTReason(0x00)
    static let noMatchingSubscribers = MQTTReason(0x10)
    static let unspecified = MQTTReason(0x80)
    static let malformedPacket = MQTTReason(0x81)
    static let protocolError = MQTTReason(0x82)
    static let unsupportedVersion = MQTTReason(0x84)
    static let badClientID = MQTTReason(0x85)
    static let badCredentials = MQTTReason(0x86)
    static let notAuthorized = MQTTReason(0x87)
    static let serverUnavailable = MQTTReason(0x88)
    static let sessionTakenOver = MQTTReason(0x8e)
    static let badTopicFilter = MQTTReason(0x8f)
    static let badTopicName = MQTTReason(0x90)
    static let packetIDNotFound = MQTTReason(0x92)
    static let packetTooLarge = MQTTReason(0x95)
    static let quotaExceeded = MQTTReason(0x97)

    var isFailure: Bool { code >= 0x80 }

    /// The return code of a 3.1.1 CONNACK.
    init(connectReturnCode code: UInt8) {
        switch code {
        case 0: self = .success
        case 1: self = .unsupportedVersion
        case 2: self = .badClientID
        case 3: self = .serverUnavailable
        case 4: self = .badCredentials
        case 5: self = .notAuthorized
        default: self = .unspecified
        }
    }

    /// The return code that a 3.1.1 CONNACK has for this.
    var connectReturnCode: UInt8 {
        switch self {
        case .success: 0
        case .unsupportedVersion: 1
        case .badClientID: 2
        case .badCredentials: 4
        case .notAuthorized: 5
        default: 3
        }
    }

    var description: String { Self.words[code] ?? "reason 0x\(String(code, radix: 16))" }

    private static let words: [UInt8: String] = [
        0x00: "success", 0x04: "disconnected with will message", 0x10: "no matching subscribers", 0x11: "no subscription existed",
        0x80: "unspecified error", 0x81: "malformed packet", 0x82: "protocol error", 0x83: "implementation specific error",
        0x84: "unsupported protocol version", 0x85: "client identifier not valid", 0x86: "bad user name or password",
        0x87: "not authorized", 0x88: "server unavailable", 0x89: "server busy", 0x8a: "banned", 0x8b: "server shutting down",
        0x8c: "bad authentication method", 0x8d: "keep alive timeout", 0x8e: "session taken over", 0x8f: "topic filter invalid",
        0x90: "topic name invalid", 0x91: "packet identifier in use", 0x92: "packet identifier not found",
        0x93: "receive maximum exceeded", 0x94: "topic alias invalid", 0x95: "packet too large", 0x96: "message rate too high",
        0x97: "quota exceeded", 0x98: "administrative action", 0x99: "payload format invalid", 0x9a: "retain not supported",
        0x9b: "QoS not supported", 0x9c: "use another server", 0x9d: "server moved", 0x9e: "shared subscriptions not supported",
        0x9f: "connection rate exceeded", 0xa0: "maximum connect time", 0xa1: "subscription identifiers not supported",
        0xa2: "wildcard subscriptions not supported",
    ]

    /// The kind of failure that a caller can act on.
    var capabilityCode: CapabilityError.Code {
        switch self {
        case .badCredentials, .notAuthorized, MQTTReason(0x8a): .permissionDenied
        case .badTopicFilter, .badTopicName, .packetTooLarge, MQTTReason(0x99), MQTTReason(0x9a), MQTTReason(0x9b): .invalidArgument
        case MQTTReason(0x9e), MQTTReason(0xa1), MQTTReason(0xa2): .unsupported
        case .quotaExceeded, MQTTReason(0x93), MQTTReason(0x96), MQTTReason(0x9f): .resourceExhausted
        case .serverUnavailable, MQTTReason(0x89), MQTTReason(0x8b): .unavailable
        default: .backend
        }
    }
}
