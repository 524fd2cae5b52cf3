import Logging
import MechaCore
import MechaResiliency
import MechaWire
import NIOCore

/// A lasting link to the broker under one client id.
typealias MQTTLink = LastingLink<MQTTConnection>

extension MQTTConnection: LastingConnection {}

extension LastingLink where Connection == MQTTConnection {
    convenience init(loop: any EventLoop, configuration: MQTTConfiguration, connect: MQTTConnect, logger: Logger) {
        self.init(
            loop: loop,
            settings: Settings(
                dialer: configuration.dialer, dialTimeout: configuration.dialTimeout, reconnection: .reconnection,
                server: "the MQTT server", component: "MQTT"), logger: logger
        ) {
            let connection = MQTTConnection(
                loop: loop, connect: connect, limits: configuration.limits, peerName: configuration.dialer.peerName)
            connection.onOversized = { bytes in
                logger.error("a message of \(bytes) bytes is beyond maxPacketSize: it was passed over and not acknowledged")
            }
            return connection
        }
    }

    func write(_ packet: MQTTPacket) {
        if isReady { connection?.write(packet) }
    }

    /// Finds out whether the server still answers.
    func probe() {
        if isReady { connection?.probe() }
    }
}
