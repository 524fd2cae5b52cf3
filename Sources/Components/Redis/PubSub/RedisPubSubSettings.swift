import MechaCore
import NIOCore

/// How `pubsub.redis` treats its streams.
struct RedisPubSubSettings: Sendable, Equatable {
    /// How long a message is with a consumer before it may be given to another; nil for no redelivery.
    var processingTimeout: Duration?
    /// How often to look for such messages; nil for no redelivery.
    var redeliverInterval: Duration?
    /// Messages fetched and not handed over, per subscription.
    var queueDepth = 100
    /// Messages handed over and not answered, per subscription.
    var concurrency = 10
    /// Streams are cut to about so many entries when something is added; nil for no limit.
    var maximumLength: Int?
    /// Entries older than this may be cut off when something is added; nil for no limit.
    var streamTTL: Duration?

    static let fields: [MetadataField] = [
        MetadataField(
            "consumerID", .string, "Name of the consumer group; the app id when empty"),
        MetadataField(
            "processingTimeout", .string, default: "15s",
            "How long a message is with a consumer before it is handed over again; a bare number counts milliseconds, 0 turns redelivery off"
        ),
        MetadataField(
            "redeliverInterval", .string, default: "60s",
            "How often to look for messages to hand over again; a bare number counts milliseconds, 0 turns redelivery off"),
        MetadataField("queueDepth", .integer, default: "100", "Messages fetched ahead, per subscription"),
        MetadataField("concurrency", .integer, default: "10", "Messages being handled at once, per subscription"),
        MetadataField("maxLenApprox", .integer, "Streams keep about so many messages; no limit when empty"),
        MetadataField("streamTTL", .duration, "Messages older than this may be dropped when another is published; no limit when empty"),
    ]

    /// Throws ``MetadataError``.
    init(_ metadata: ComponentMetadata) throws {
        processingTimeout = try Self.duration(metadata, "processingTimeout", default: .seconds(15))
        redeliverInterval = try Self.duration(metadata, "redeliverInterval", default: .seconds(60))
        queueDepth = try metadata.integer("queueDepth", default: 100, in: 1...100_000)
        concurrency = try metadata.integer("concurrency", default: 10, in: 1...100_000)
        let length = try metadata.integer("maxLenApprox", default: 0, in: 0...Int(Int32.max))
        maximumLength = length > 0 ? length : nil
        streamTTL = try metadata.duration("streamTTL").flatMap { $0 > .zero ? $0 : nil }
    }

    /// Bare numbers are milliseconds in these fields, unlike elsewhere. Zero means off.
    private static func duration(_ metadata: ComponentMetadata, _ field: String, default fallback: Duration) throws -> Duration? {
        guard let text = metadata.string(field) else { return fallback }
        guard let duration = Int64(text).map({ .milliseconds($0) }) ?? GoDuration.parse(text), duration >= .zero else {
            throw MetadataError(
                field: field, problem: "is \"\(text)\"", expected: "a duration such as 500ms or 15s, or a number of milliseconds")
        }
        return duration == .zero ? nil : duration
    }
}
