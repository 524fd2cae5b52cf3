import MechaCore
import MechaResiliency
import MechaWire
import NIOCore

/// How to reach RabbitMQ.
struct RabbitConfiguration: Sendable {
    enum Login: Sendable, Equatable {
        case plain(username: String, password: String)
        /// By the client certificate.
        case external
    }

    var dialer: SocketDialer
    var virtualHost: String
    var login: Login
    /// As the management page shows the connection.
    var clientName: String
    /// Seconds; 0 for none.
    var heartbeat: UInt16
    var reconnection: Backoff
    var dialTimeout: TimeAmount
    var publishTimeout: TimeAmount
    /// Pause before a message that was not acknowledged is given back.
    var redeliverInterval: TimeAmount
    var limits = RabbitLimits()
}
