import MechaManifest

/// What an app gets when nothing is declared: durable state and messages, and secrets, in files of the data directory,
/// safe with several processes of a host.
enum EmbeddedDefaults {
    static let stateStore = "statestore"
    static let pubSub = "pubsub"
    static let secretStore = "secretstore"

    static func components(dataDirectory: String) -> [ComponentResource] {
        [
            // Without a named file, the one of the data directory, which need not exist.
            resource(secretStore, "secretstores.local.file", []),
            resource(
                stateStore, "state.sqlite",
                [("connectionString", "\(dataDirectory)/state.db"), ("actorStateStore", "true")]),
            // Opened with the first publication or subscription.
            resource(pubSub, "pubsub.sqlite", [("connectionString", "\(dataDirectory)/pubsub.db")]),
        ]
    }

    private static func resource(_ name: String, _ type: String, _ metadata: [(String, String)]) -> ComponentResource {
        ComponentResource(
            name: name,
            spec: ComponentSpec(type: type, metadata: metadata.map { NamedValue($0.0, .text($0.1)) }),
            source: SourceLocation(file: "embedded defaults"))
    }
}
