import MechaCore
import NIOCore

/// What the server allows, as its CONNACK says; 3.1.1 says nothing.
struct MQTTServerLimits: Equatable, Sendable {
    var maximumPacketBytes = ByteBuffer.mqttVariableMaximum + 5
    var maximumQoS = MQTTQoS.exactlyOnce
    var retains = true
    /// Messages of QoS 1 and 2 that may be unanswered.
    var receiveMaximum = Int(UInt16.max)
    var sharesSubscriptions = true
    var takesWildcards = true

    init() {}

    init(_ connack: MQTTConnack) {
        let properties = connack.properties
        if let bytes = properties.number(.maximumPacketSize), bytes > 0 { maximumPacketBytes = min(bytes, maximumPacketBytes) }
        if let qos = properties.number(.maximumQoS) { maximumQoS = MQTTQoS(rawValue: UInt8(clamping: qos)) ?? .exactlyOnce }
        retains = properties.number(.retainAvailable) != 0
        if let count = properties.number(.receiveMaximum), count > 0 { receiveMaximum = count }
        sharesSubscriptions = properties.number(.sharedSubscriptionAvailable) != 0
        takesWildcards = properties.number(.wildcardSubscriptionAvailable) != 0
    }

    /// Why a message cannot be sent; nil when it can.
    func refusal(of publish: MQTTPublish, version: MQTTVersion) -> CapabilityError? {
        let bytes = publish.encodedLength(version)
        if bytes > maximumPacketBytes {
            return CapabilityError(
                .invalidArgument, "the message makes a packet of \(bytes) bytes; the MQTT server takes at most \(maximumPacketBytes)")
        }
        if publish.qos > maximumQoS {
            return CapabilityError(.unsupported, "the MQTT server takes messages up to QoS \(maximumQoS.rawValue) (metadata qos)")
        }
        if publish.isRetained, !retains { return CapabilityError(.unsupported, "the MQTT server keeps no messages (metadata retain)") }
        return nil
    }
}
