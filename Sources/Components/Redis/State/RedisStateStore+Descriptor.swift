import MechaCore

extension RedisStateStore {
    /// `state.redis`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "state.redis",
        summary: "State in Redis or what speaks its protocol: single server, Sentinel or Cluster",
        fields: RedisMetadata.fields + [
            MetadataField("ttlInSeconds", .integer, "Seconds to live of everything written without a ttlInSeconds of its own"),
            MetadataField("queryIndexes", .string, "Not supported: queries need the RediSearch module"),
        ],
        capabilities: StateFeatures([.etag, .transactional, .ttl, .deleteWithPrefix, .keysLike]).names
    ) { metadata, environment in
        let ttl = try metadata.integer("ttlInSeconds")
        if let ttl, ttl != -1, !(1...Int(Int32.max)).contains(ttl) {
            throw MetadataError(field: "ttlInSeconds", problem: "is \(ttl)", expected: "a number of seconds above zero, or -1 for no limit")
        }
        let configuration = try RedisMetadata.configuration(metadata, name: environment.name)
        let client = RedisClient(configuration: configuration, group: environment.eventLoopGroup)
        return RedisStateStore(client: client, clock: environment.clock, defaultTTLInSeconds: ttl)
    }
}
