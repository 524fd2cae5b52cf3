import MechaCore

/// Metadata keys that every component of a block takes, whatever its type; the runtime itself reads them.
enum MessagingFields {
    /// Pub/sub (section 1.2 of the Dapr surface, "Scoping").
    static let pubsub: [MetadataField] = [
        MetadataField("consumerID", .string, "Consumer group; the app id by default."),
        MetadataField(
            "concurrencyMode", .string, default: "parallel", choices: ["parallel", "single"], "Deliver messages at once, or one by one."),
        MetadataField("allowedTopics", .string, "Topics that may be used at all, with commas between them; all by default."),
        MetadataField("protectedTopics", .string, "Topics that only apps may use whose scope names them."),
        MetadataField("publishingScopes", .string, "Topics that an app may publish to: app1=topic1,topic2;app2=topic3."),
        MetadataField("subscriptionScopes", .string, "Topics that an app may subscribe to: app1=topic1,topic2;app2=topic3."),
    ]

    /// Bindings (section 1.4 of the Dapr surface).
    static let bindings: [MetadataField] = [
        MetadataField("direction", .string, "input, output, or both with a comma between them; found out by asking the app by default."),
        MetadataField("route", .string, "Path of HTTP apps for events; the component's name by default."),
    ]
}
