import MechaCore
import MechaHost
import MechaInvocation
import NIOCore
import NIOHTTP1

/// What the runtime tells of itself, and shutdown (section 1.13 of the Dapr surface).
enum MetadataRoutes {
    static let all: [HTTPRoute] = [
        HTTPRoute(.GET, at: "metadata", .v1, .metadata, handler: get),
        HTTPRoute(.PUT, at: "metadata/{key}", .v1, .metadata, handler: set),
        HTTPRoute(.POST, at: "shutdown", .v1, .shutdown, handler: shutdown),
    ]

    @Sendable private static func get(_ call: HTTPCall) async throws {
        call.answerJSON(json(await call.app.metadata()))
    }

    @Sendable private static func set(_ call: HTTPCall) async throws {
        try call.app.setMetadata(call.parameter(0), String(buffer: await call.body()))
        call.answer()
    }

    @Sendable private static func shutdown(_ call: HTTPCall) async throws {
        let isForced = call.header("dapr-force-shutdown")?.lowercased() == "true"
        call.answer()
        call.app.requestShutdown(force: isForced)
    }

    private static func json(_ metadata: RuntimeMetadata) -> JSON {
        let components = metadata.components.map { component -> JSON in
            [
                "name": .string(component.name), "type": .string(component.type), "version": .string(component.version),
                "capabilities": .array(component.capabilities.map { .string($0) }),
            ]
        }
        var members: [JSON.Member] = [
            .init("id", .string(metadata.appID)),
            .init("runtimeVersion", .string(metadata.runtimeVersion)),
            .init("enabledFeatures", .array(metadata.enabledFeatures.map { .string($0) })),
            .init("actors", []),
            .init("components", .array(components)),
            .init("extended", .object(metadata.extended.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })),
            .init("subscriptions", .array(metadata.subscriptions.map(json))),
            .init("httpEndpoints", .array(metadata.httpEndpoints.map { ["name": .string($0)] })),
            .init("appConnectionProperties", json(metadata.appConnection)),
            .init("actorRuntime", ["runtimeStatus": "DISABLED", "hostReady": false, "placement": ""]),
        ]
        if !metadata.resiliencies.isEmpty {
            members.append(.init("resiliencies", .array(metadata.resiliencies.map { ["name": .string($0)] })))
        }
        return .object(members)
    }

    private static func json(_ subscription: TopicSubscription) -> JSON {
        var rules = subscription.rules.map { rule -> JSON in ["match": .string(rule.match), "path": .string(rule.path)] }
        if let path = subscription.defaultPath, subscription.origin != .streaming { rules.append(["path": .string(path)]) }
        var members: [JSON.Member] = [
            .init("pubsubname", .string(subscription.pubsub)), .init("topic", .string(subscription.topic)),
            .init("rules", .array(rules)), .init("type", .string(subscription.origin.rawValue)),
        ]
        if !subscription.metadata.isEmpty {
            let pairs = subscription.metadata.sorted { $0.key < $1.key }
            members.append(.init("metadata", .object(pairs.map { .init($0.key, .string($0.value)) })))
        }
        if let topic = subscription.deadLetterTopic { members.append(.init("deadLetterTopic", .string(topic))) }
        return .object(members)
    }

    private static func json(_ connection: RuntimeMetadata.AppConnection) -> JSON {
        var members: [JSON.Member] = []
        if let port = connection.port { members.append(.init("port", .integer(port))) }
        members.append(.init("protocol", .string(connection.protocolName)))
        members.append(.init("channelAddress", .string(connection.channelAddress)))
        if let limit = connection.maxConcurrency { members.append(.init("maxConcurrency", .integer(limit))) }
        if let health = connection.health {
            members.append(
                .init(
                    "health",
                    [
                        "healthCheckPath": .string(health.path),
                        "healthProbeInterval": .string(GoDuration.format(health.interval)),
                        "healthProbeTimeout": .string(GoDuration.format(health.timeout)),
                        "healthThreshold": .integer(health.threshold),
                    ]))
        }
        return .object(members)
    }
}
