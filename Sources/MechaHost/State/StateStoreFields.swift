import MechaCore

/// Metadata keys that every state store takes, whatever its type; the runtime itself reads them
/// (section 1.1 of the Dapr surface).
enum StateStoreFields {
    static let common: [MetadataField] = [
        MetadataField(
            "keyPrefix", .string, default: "appid", "How keys are prefixed: appid, name, namespace, none, or the prefix itself."),
        MetadataField("primaryEncryptionKey", .string, secret: true, "AES key in hexadecimal; values are stored encrypted with it."),
        MetadataField("secondaryEncryptionKey", .string, secret: true, "AES key in hexadecimal that can still decrypt older values."),
        MetadataField("actorStateStore", .bool, default: "false", "Whether actors keep their state here."),
        MetadataField("outboxPublishPubsub", .string, "Pub/sub component that transactions publish to."),
        MetadataField("outboxPublishTopic", .string, "Topic that transactions publish to."),
        MetadataField("outboxPubsub", .string, "Pub/sub component of the internal topic; the publish component by default."),
        MetadataField("outboxDiscardWhenMissingState", .bool, default: "false", "Drop an outbox message whose state is missing."),
    ]
}
