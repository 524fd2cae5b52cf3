import MechaCore
import NIOCore

/// How `pubsub.jetstream` uses streams and consumers.
struct JetStreamSettings: Sendable {
    enum Policy: String, Sendable, CaseIterable { case all, last, new, sequence, time }
    enum Acknowledgement: String, Sendable, CaseIterable { case explicit, all, none }

    var streamName: String?
    var durableName: String?
    var queueGroupName: String?
    var startSequence: UInt64?
    /// Seconds since 1970.
    var startTime: Int64?
    var deliverPolicy = Policy.all
    var acknowledgement = Acknowledgement.explicit
    var acknowledgementWait: Duration?
    var maximumDeliveries: Int?
    var backOff: [Duration] = []
    var maximumUnacknowledged: Int?
    var replicas: Int?
    var usesMemory = false
    /// Bits in a second.
    var rateLimit: UInt64?
    var hasFlowControl = false
    var heartbeat: Duration?
    /// Of API subjects: `$JS.API`, `$JS.<domain>.API`, or an account's own.
    var apiPrefix = "$JS.API"
    var isParallel = false
    var createsStreams = false

    /// The server sends on its own and does not wait to be asked.
    var wantsPush: Bool { queueGroupName != nil || hasFlowControl || heartbeat != nil || rateLimit != nil }

    /// Throws ``MetadataError``.
    init(_ metadata: ComponentMetadata) throws {
        streamName = metadata.string("streamName")
        durableName = metadata.string("durableName")
        queueGroupName = metadata.string("queueGroupName")
        for (field, name) in [("streamName", streamName), ("durableName", durableName)] {
            if let name, NATSSubject.name(from: name) != name {
                throw MetadataError(field: field, problem: "is \"\(name)\"", expected: "a name without dots, blanks, slashes, * and >")
            }
        }
        startSequence = try Self.number(metadata, "startSequence")
        startTime = try Self.number(metadata, "startTime").map { Int64(clamping: $0) }
        deliverPolicy = Policy(rawValue: try metadata.choice("deliverPolicy", of: Policy.allCases.map(\.rawValue), default: "all")) ?? .all
        acknowledgement =
            Acknowledgement(rawValue: try metadata.choice("ackPolicy", of: Acknowledgement.allCases.map(\.rawValue), default: "explicit"))
            ?? .explicit
        if deliverPolicy == .sequence, startSequence == nil {
            throw MetadataError(field: "startSequence", problem: "is missing", expected: "a number above zero with deliverPolicy sequence")
        }
        if deliverPolicy == .time, startTime == nil {
            throw MetadataError(field: "startTime", problem: "is missing", expected: "seconds since 1970 with deliverPolicy time")
        }
        acknowledgementWait = try Self.duration(metadata, "ackWait")
        maximumDeliveries = try Self.number(metadata, "maxDeliver").map { Int(clamping: $0) }
        backOff = try Self.durations(metadata, "backOff")
        if let maximumDeliveries, !backOff.isEmpty, maximumDeliveries <= backOff.count {
            throw MetadataError(
                field: "maxDeliver", problem: "is \(maximumDeliveries)", expected: "more than the \(backOff.count) steps of backOff")
        }
        maximumUnacknowledged = try Self.number(metadata, "maxAckPending").map { Int(clamping: $0) }
        replicas = try Self.number(metadata, "replicas").map { Int(clamping: $0) }
        usesMemory = try metadata.bool("memoryStorage")
        rateLimit = try Self.number(metadata, "rateLimit")
        hasFlowControl = try metadata.bool("flowControl")
        heartbeat = try Self.duration(metadata, "heartbeat") ?? Self.duration(metadata, "hearbeat")
        if hasFlowControl, heartbeat == nil {
            throw MetadataError(field: "heartbeat", problem: "is missing", expected: "a duration such as 5s with flowControl")
        }
        if let prefix = metadata.string("apiPrefix") {
            apiPrefix = prefix.hasSuffix(".") ? String(prefix.dropLast()) : prefix
        } else if let domain = metadata.string("domain") {
            apiPrefix = "$JS.\(domain).API"
        }
        isParallel = try metadata.choice("concurrency", of: ["single", "parallel"], default: "single") == "parallel"
        createsStreams = try metadata.bool("autoCreateStream")
    }

    /// A number above zero; nil for none.
    private static func number(_ metadata: ComponentMetadata, _ field: String) throws -> UInt64? {
        guard let text = metadata.string(field) else { return nil }
        guard let number = UInt64(text) else {
            throw MetadataError(field: field, problem: "is \"\(text)\"", expected: "a whole number, zero or above")
        }
        return number == 0 ? nil : number
    }

    private static func duration(_ metadata: ComponentMetadata, _ field: String) throws -> Duration? {
        guard let duration = try metadata.duration(field), duration != .zero else { return nil }
        guard duration > .zero else {
            throw MetadataError(field: field, problem: "is below zero", expected: "a duration such as 500ms or 30s")
        }
        return duration
    }

    private static func durations(_ metadata: ComponentMetadata, _ field: String) throws -> [Duration] {
        guard let text = metadata.string(field) else { return [] }
        return try text.split(separator: ",").map { part in
            let trimmed = String(part.filter { $0 != " " })
            guard let duration = GoDuration.parse(trimmed), duration > .zero else {
                throw MetadataError(
                    field: field, problem: "contains \"\(trimmed)\"", expected: "durations with commas, such as 50ms, 1s, 10s")
            }
            return duration
        }
    }
}
