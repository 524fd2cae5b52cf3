import MechaCore
import MechaResiliency

extension MQTTBinding {
    /// `bindings.mqtt3`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "bindings.mqtt3", summary: "Messages of a topic of an MQTT broker, in and out",
        fields: MQTTMetadata.fields + [
            MetadataField(
                "topic", .string, required: true, "Topic to read, a filter when it has wildcards, and to write when a request names none"),
            MetadataField(
                "backOffMaxRetries", .integer, default: "3", "How often a message that was not taken is handed over again; -1 for no limit"),
            MetadataField("qos", .integer, "No effect: always 1"),
        ],
        isShareable: false
    ) { metadata, environment in
        var configuration = try MQTTMetadata.configuration(metadata, appID: environment.appID)
        let topic = try metadata.required("topic")
        guard let filter = MQTTTopic.filter(of: topic), MQTTTopic.isFilter(filter) else {
            throw MetadataError(
                field: "topic", problem: "is no topic filter of MQTT", expected: "levels with \"/\" between them, such as a/b, a/+ or a/#")
        }
        let retries = try metadata.integer("backOffMaxRetries", default: 3, in: -1...1_000_000)
        configuration.redeliveriesAtMost = retries < 0 ? nil : retries
        if metadata.string("redeliverInterval") == nil { configuration.redelivery = .constant(.seconds(5)) }
        return MQTTBinding(configuration: configuration, topic: topic, environment: environment)
    }
}
