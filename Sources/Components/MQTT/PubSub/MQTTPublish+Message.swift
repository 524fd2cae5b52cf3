import MechaCore
import NIOCore

extension MQTTPublish {
    /// Metadata that says how to send a message and is not sent with it.
    private static let controls: Set<String> = ["retain", "ttlinseconds", "rawpayload", "delayinseconds", "partitionkey", "topic"]

    /// A message of an app as a packet without id. Throws for a topic that is none and metadata that make no sense.
    init(_ message: OutgoingMessage, _ configuration: MQTTConfiguration) throws {
        try self.init(
            topic: message.topic, payload: message.data, contentType: message.contentType, metadata: message.metadata,
            timeToLive: try message.timeToLive, retain: message.value("retain"), configuration)
    }

    init(
        topic: String, payload: ByteBuffer, contentType: String?, metadata: [String: String], timeToLive: Duration?, retain: String?,
        _ configuration: MQTTConfiguration
    ) throws {
        guard MQTTTopic.isName(topic) else {
            throw CapabilityError(
                .invalidArgument, "\"\(topic)\" is no topic of MQTT: it may not be empty nor contain \"+\", \"#\" or a null character")
        }
        var isRetained = configuration.isRetained
        do {
            isRetained = try ComponentMetadata([("retain", retain ?? "")]).bool("retain", default: isRetained)
        } catch {
            throw CapabilityError(.invalidArgument, "\(error)", cause: error)
        }
        self.init(topic: topic, payload: payload, qos: configuration.qos, isRetained: isRetained)
        guard configuration.version == .v5 else { return }
        if let timeToLive { properties.append(.messageExpiry, .four(UInt32(clamping: Int64(timeToLive.inSeconds.rounded(.up))))) }
        if let contentType, !contentType.isEmpty { properties.append(.contentType, .text(contentType)) }
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) where !Self.controls.contains(name.lowercased()) {
            guard MQTTText.isWritable(name), MQTTText.isWritable(value) else {
                throw CapabilityError(
                    .invalidArgument, "metadata \"\(name)\" cannot be an MQTT user property: longer than 65,535 bytes or a null character")
            }
            properties.append(.userProperty, .pair(name, value))
        }
    }
}

extension IncomingMessage {
    /// A packet as a message for an app.
    init(_ publish: MQTTPublish, attempt: Int, firstDelivered: Timestamp, isVersion5: Bool) {
        self.init(
            topic: publish.topic, data: publish.payload, contentType: publish.properties.text(.contentType), metadata: publish.appMetadata,
            attempt: attempt, firstDelivered: firstDelivered)
    }
}

extension MQTTPublish {
    /// User properties (version 5) and Dapr's `retained`.
    var appMetadata: [String: String] {
        var metadata: [String: String] = [:]
        for (name, value) in properties.userProperties { metadata[name] = value }
        metadata["retained"] = isRetained ? "true" : "false"
        return metadata
    }
}
