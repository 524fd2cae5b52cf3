import MechaCore

extension SQLitePubSub {
    /// `pubsub.sqlite/v1`.
    public static let descriptor = ComponentDescriptor(
        type: "pubsub.sqlite",
        summary: "Keeps messages in a SQLite file that several processes of a host may share; needs no server.",
        fields: [
            MetadataField(
                "connectionString", .string,
                "Path of the file, file: URI, or :memory:. Unset means a file named for the component in the data directory."),
            MetadataField("timeout", .duration, default: "20s", "How long a publication may wait for the file."),
            MetadataField("busyTimeout", .duration, default: "2s", "How long SQLite waits at a time for another process's lock."),
            MetadataField(
                "redeliveryPause", .duration, default: "1s", "Before a message that was not acknowledged is handed over again."),
            MetadataField(
                "leaseTimeout", .duration, default: "30s",
                "A process that is stuck for so long loses the messages that it had claimed; one that ended loses them at once."),
            MetadataField(
                "maxBacklogMessages", .integer, default: "1000000",
                "Messages of a topic that some consumer group has not done with, at most; further ones are refused."),
            MetadataField("maxFileBytes", .bytes, default: "8Gi", "What the file may grow to; publications are refused when it is full."),
            MetadataField(
                "maxUnsubscribedMessages", .integer, default: "10000",
                "Messages that a topic without any consumer group keeps for the first one, the newest ones."),
            MetadataField("unsubscribedRetention", .duration, default: "24h", "How long it keeps them."),
            MetadataField(
                "groupRetention", .duration, default: "168h",
                "A consumer group that nobody has subscribed with for so long is forgotten with its messages."),
        ],
        capabilities: features.names,
        make: { try SQLitePubSub(metadata: $0, environment: $1) })

    public convenience init(metadata: ComponentMetadata, environment: ComponentEnvironment) throws {
        let location: SQLiteLocation
        if let text = metadata.string("connectionString") {
            location = try SQLiteLocation(connectionString: text, relativeTo: environment.workingDirectory)
        } else {
            location = SQLiteLocation(
                dataDirectory: environment.dataDirectory, file: SQLiteName.file(for: environment.name, else: "pubsub"))
        }
        var options = SQLiteOptions(location: location)
        options.callTimeout = try metadata.duration("timeout", default: options.callTimeout)
        options.busyTimeout = try metadata.duration("busyTimeout") ?? location.busyTimeout ?? options.busyTimeout
        options.cacheKibibytes = 2_048
        var limits = BusLimits()
        limits.redeliveryPause = max(.zero, try metadata.duration("redeliveryPause", default: limits.redeliveryPause))
        limits.leaseTimeout = try metadata.duration("leaseTimeout", default: limits.leaseTimeout)
        guard limits.leaseTimeout >= .seconds(5) else {
            throw MetadataError(field: "leaseTimeout", problem: "is shorter than 5s", expected: "a duration such as 30s")
        }
        limits.maximumBacklogMessages = try metadata.integer(
            "maxBacklogMessages", default: limits.maximumBacklogMessages, in: 1...1_000_000_000)
        limits.maximumFileBytes = try metadata.byteSize("maxFileBytes", default: limits.maximumFileBytes)
        limits.maximumUnsubscribedMessages = try metadata.integer(
            "maxUnsubscribedMessages", default: limits.maximumUnsubscribedMessages, in: 0...1_000_000_000)
        limits.unsubscribedRetention = try metadata.duration("unsubscribedRetention", default: limits.unsubscribedRetention)
        limits.groupRetention = try metadata.duration("groupRetention", default: limits.groupRetention)
        for parameter in location.ignoredParameters {
            environment.logger.warning("connectionString holds a parameter that has no effect", metadata: ["parameter": "\(parameter)"])
        }
        self.init(options, limits: limits, environment: environment)
    }
}
