import MechaCore
import MechaResiliency
import MechaWire
import NIOCore

/// How to reach a broker and what to ask of it.
struct MQTTConfiguration: Sendable {
    var dialer: SocketDialer
    var version: MQTTVersion
    var username: String?
    var password: String?
    /// Client id of the subscriptions of the app, and the stem of the publisher's.
    var consumerID: String
    var isCleanSession: Bool
    var qos: MQTTQoS
    var isRetained: Bool
    var keepAlive: UInt16
    /// Version 5: seconds for which the server keeps the session of an absent consumer.
    var sessionExpiry: UInt32
    var dialTimeout: TimeAmount
    var publishTimeout: TimeAmount
    var redelivery: Backoff
    /// Handed over again at most so often before the message is left unacknowledged; nil for no limit.
    var redeliveriesAtMost: Int?
    var limits = MQTTLimits()

    /// CONNECT for a consumer group: its session outlives the connection unless cleanSession says otherwise.
    func connect(consumer clientID: String) -> MQTTConnect {
        var connect = base(clientID: clientID)
        connect.isClean = isCleanSession
        if version == .v5 {
            if !isCleanSession { connect.properties.append(.sessionExpiry, .four(sessionExpiry)) }
            connect.properties.append(.receiveMaximum, .two(UInt16(clamping: limits.messagesHeld)))
        }
        return connect
    }

    /// CONNECT for publishing, which needs no session at the server.
    func connect(publisher clientID: String) -> MQTTConnect { base(clientID: clientID) }

    private func base(clientID: String) -> MQTTConnect {
        var connect = MQTTConnect(version: version, clientID: clientID, isClean: true, keepAlive: keepAlive)
        connect.username = username
        connect.password = password
        if version == .v5 { connect.properties.append(.maximumPacketSize, .four(UInt32(clamping: limits.packetBytes))) }
        return connect
    }
}
