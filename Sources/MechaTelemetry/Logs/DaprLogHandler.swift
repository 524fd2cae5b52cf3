import Logging

/// Takes swift-log's events into Dapr's log lines.
public struct DaprLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let logs: AppLogs
    private let scope: String

    init(logs: AppLogs, scope: String, level: Logger.Level) {
        self.logs = logs
        self.scope = scope
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        logs.emit(
            event.level, "\(event.message)", scope: scope,
            fields: fields.map {
                LogField(metadata: Self.reserved.contains($0.key) ? "fields.\($0.key)" : $0.key, Self.text($0.value))
            })
        // Who logs at this level ends the process next.
        if event.level == .fatal { logs.flush() }
    }

    /// Keys that the line itself uses; metadata under these names gets a prefix, as Dapr's own logger does it.
    private static let reserved: Set<String> = ["time", "level", "msg", "app_id", "instance", "scope", "type", "ver"]

    /// A value as text; in nested values, too, what stands under a secret's name is hidden.
    private static func text(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): "\(value)"
        case .array(let elements): "[" + elements.map(text).joined(separator: ",") + "]"
        case .dictionary(let members):
            "{"
                + members.sorted { $0.key < $1.key }
                .map { "\($0.key):\(SecretKeys.isSecret($0.key) ? SecretKeys.placeholder : text($0.value))" }
                .joined(separator: ",") + "}"
        }
    }
}
