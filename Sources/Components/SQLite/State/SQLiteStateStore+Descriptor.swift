import MechaCore

extension SQLiteStateStore {
    /// `state.sqlite/v1`.
    public static let descriptor = ComponentDescriptor(
        type: "state.sqlite",
        aliases: ["state.sqlite3"],
        summary: "Keeps state in a SQLite file that several processes of a host may share; needs no server.",
        fields: [
            MetadataField(
                "connectionString", .string,
                "Path of the file, file: URI, or :memory:. Unset means a file named for the component in the data directory."),
            MetadataField("timeout", .duration, default: "20s", "How long an operation may wait and run."),
            MetadataField("timeoutInSeconds", .duration, "Older name of timeout."),
            MetadataField("busyTimeout", .duration, default: "2s", "How long SQLite waits at a time for another process's lock."),
            MetadataField("disableWAL", .bool, default: "false", "Uses a rollback journal in place of the write-ahead log."),
            MetadataField("tableName", default: "state", "Table of the entries."),
            MetadataField("metadataTableName", default: "metadata", "Table of the schema's version."),
            MetadataField("cleanupInterval", .duration, default: "1m", "Between two removals of expired entries; 0 for none."),
            MetadataField("cleanupIntervalInSeconds", .duration, "Older name of cleanupInterval."),
            MetadataField("maxQueuedCalls", .integer, default: "10000", "Calls that wait for the database at most; more are refused."),
        ],
        capabilities: features.names,
        make: { try SQLiteStateStore(metadata: $0, environment: $1) })

    public convenience init(metadata: ComponentMetadata, environment: ComponentEnvironment) throws {
        let location: SQLiteLocation
        if let text = metadata.string("connectionString") {
            location = try SQLiteLocation(connectionString: text, relativeTo: environment.workingDirectory)
        } else {
            location = SQLiteLocation(dataDirectory: environment.dataDirectory, file: SQLiteName.file(for: environment.name, else: "state"))
        }
        var options = SQLiteOptions(location: location)
        options.usesWAL = try metadata.string("disableWAL") == nil ? location.usesWAL ?? true : !metadata.bool("disableWAL")
        options.callTimeout = try Self.positive("timeout", or: "timeoutInSeconds", metadata) ?? options.callTimeout
        options.busyTimeout = try metadata.duration("busyTimeout") ?? location.busyTimeout ?? options.busyTimeout
        options.maximumQueuedCalls = try metadata.integer("maxQueuedCalls", default: options.maximumQueuedCalls, in: 1...1_000_000)
        for parameter in location.ignoredParameters {
            environment.logger.warning("connectionString holds a parameter that has no effect", metadata: ["parameter": "\(parameter)"])
        }
        let interval = try metadata.duration("cleanupInterval") ?? metadata.duration("cleanupIntervalInSeconds") ?? .seconds(60)
        self.init(
            options,
            tables: StateTables(
                entryTable: try Self.tableName("tableName", "state", metadata),
                propertyTable: try Self.tableName("metadataTableName", "metadata", metadata)),
            cleanupInterval: interval > .zero ? interval : nil, clock: environment.clock, logger: environment.logger)
    }

    private static func positive(_ field: String, or olderField: String, _ metadata: ComponentMetadata) throws -> Duration? {
        let name = metadata.string(field) == nil ? olderField : field
        guard let duration = try metadata.duration(name) else { return nil }
        guard duration > .zero else { throw MetadataError(field: name, problem: "is not positive", expected: "a duration such as 20s") }
        return duration
    }

    private static func tableName(_ field: String, _ fallback: String, _ metadata: ComponentMetadata) throws -> String {
        let name = metadata.string(field, default: fallback)
        guard SQLiteName.isValid(name) else {
            throw MetadataError(field: field, problem: "is \"\(name)\"", expected: SQLiteName.rule)
        }
        return name
    }
}
