import MechaCore
import NIOCore

/// What is said on a new connection until it can be used (AMQP 0-9-1 §2.2.4). Knows no channel.
struct AMQPHandshake {
    /// What both sides have agreed on.
    struct Agreement: Equatable, Sendable {
        var frameBytes: Int
        var channels: UInt16
        /// Seconds; 0 for none.
        var heartbeat: UInt16
    }

    enum Step: Equatable {
        case send([AMQPMethod])
        case ready(Agreement)
    }

    private enum Stage {
        case start, tune
        case open(Agreement)
        case done
    }

    private let login: RabbitConfiguration.Login
    private let virtualHost: String
    private let clientName: String
    private let heartbeat: UInt16
    private let limits: RabbitLimits
    private var stage = Stage.start

    init(_ configuration: RabbitConfiguration) {
        login = configuration.login
        virtualHost = configuration.virtualHost
        clientName = configuration.clientName
        heartbeat = configuration.heartbeat
        limits = configuration.limits
    }

    /// Throws when the server does not want us.
    mutating func received(_ method: AMQPMethod) throws(CapabilityError) -> Step {
        switch (stage, method) {
        case (.start, .connectionStart(_, let mechanisms, _)):
            stage = .tune
            return .send([try startOk(mechanisms)])
        case (.tune, .connectionTune(let channels, let frameBytes, let beat)):
            let agreement = Agreement(
                frameBytes: frameBytes == 0 ? limits.frameBytes : max(4096, min(limits.frameBytes, Int(frameBytes))),
                channels: channels == 0 ? limits.channels : min(limits.channels, channels),
                // Either side may switch it off; else the smaller wins.
                heartbeat: beat == 0 || heartbeat == 0 ? max(beat, heartbeat) : min(beat, heartbeat))
            stage = .open(agreement)
            return .send([
                .connectionTuneOk(channels: agreement.channels, frameBytes: UInt32(agreement.frameBytes), heartbeat: agreement.heartbeat),
                .connectionOpen(virtualHost: virtualHost),
            ])
        case (.open(let agreement), .connectionOpenOk):
            stage = .done
            return .ready(agreement)
        case (_, .connectionClose(let reason)):
            let code = reason.capabilityCode
            throw CapabilityError(code == .backend ? .unavailable : code, "RabbitMQ refused the connection: \(reason)")
        default: throw CapabilityError(.backend, "RabbitMQ broke the protocol: \(AMQPError(.unexpected))")
        }
    }

    private func startOk(_ mechanisms: String) throws(CapabilityError) -> AMQPMethod {
        let (mechanism, response): (String, String) =
            switch login {
            case .plain(let username, let password): ("PLAIN", "\0\(username)\0\(password)")
            case .external: ("EXTERNAL", "")
            }
        guard mechanisms.split(separator: " ").contains(Substring(mechanism)) else {
            throw CapabilityError(.misconfigured, "RabbitMQ does not offer the login mechanism \(mechanism); it offers \(mechanisms)")
        }
        let capabilities: AMQPTable = [
            "publisher_confirms": .bool(true), "consumer_cancel_notify": .bool(true), "basic.nack": .bool(true),
            "connection.blocked": .bool(true), "authentication_failure_close": .bool(true),
        ]
        var properties: AMQPTable = ["product": .text("mecha"), "version": .text(MechaVersion.current), "platform": .text("Swift")]
        properties["capabilities"] = .table(capabilities)
        if !clientName.isEmpty { properties["connection_name"] = .text(clientName) }
        return .connectionStartOk(
            clientProperties: properties, mechanism: mechanism, response: ByteBuffer(string: response), locale: "en_US")
    }
}
