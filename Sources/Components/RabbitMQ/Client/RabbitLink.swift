import Logging
import MechaCore
import MechaWire
import NIOCore

/// A lasting link to RabbitMQ.
typealias RabbitLink = LastingLink<AMQPConnection>

extension AMQPConnection: LastingConnection {}

extension LastingLink where Connection == AMQPConnection {
    convenience init(loop: any EventLoop, configuration: RabbitConfiguration, logger: Logger) {
        self.init(
            loop: loop,
            settings: Settings(
                dialer: configuration.dialer, dialTimeout: configuration.dialTimeout, reconnection: configuration.reconnection,
                server: "RabbitMQ", component: "RabbitMQ"), logger: logger
        ) {
            let connection = AMQPConnection(loop: loop, configuration: configuration)
            connection.onBlocked = { reason in
                if let reason { logger.warning("RabbitMQ takes no messages for now: \(reason)") }
            }
            return connection
        }
    }
}
