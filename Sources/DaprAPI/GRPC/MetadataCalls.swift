import MechaCore
import MechaHost
import MechaInvocation
import MechaProto
import SwiftProtobuf

/// Metadata and shutdown RPCs (sections 1.13 and 2.1 of the Dapr surface).
struct MetadataCalls: Sendable {
    let app: AppRuntime

    func get(_ request: Dapr_Proto_Runtime_V1_GetMetadataRequest) async throws -> Dapr_Proto_Runtime_V1_GetMetadataResponse {
        let metadata = await app.metadata()
        return .with { response in
            response.id = metadata.appID
            response.runtimeVersion = metadata.runtimeVersion
            response.enabledFeatures = metadata.enabledFeatures
            response.extendedMetadata = metadata.extended
            response.registeredComponents = metadata.components.map { component in
                .with {
                    $0.name = component.name
                    $0.type = component.type
                    $0.version = component.version
                    $0.capabilities = component.capabilities
                }
            }
            response.subscriptions = metadata.subscriptions.map(Dapr_Proto_Runtime_V1_PubsubSubscription.init)
            response.httpEndpoints = metadata.httpEndpoints.map { name in .with { $0.name = name } }
            response.resiliencies = metadata.resiliencies.map { name in .with { $0.name = name } }
            response.actorRuntime = .with { $0.runtimeStatus = .disabled }
            response.appConnectionProperties = .with { connection in
                connection.port = Int32(metadata.appConnection.port ?? 0)
                connection.protocol = metadata.appConnection.protocolName
                connection.channelAddress = metadata.appConnection.channelAddress
                connection.maxConcurrency = Int32(metadata.appConnection.maxConcurrency ?? 0)
                if let health = metadata.appConnection.health {
                    connection.health = .with {
                        $0.healthCheckPath = health.path
                        $0.healthProbeInterval = GoDuration.format(health.interval)
                        $0.healthProbeTimeout = GoDuration.format(health.timeout)
                        $0.healthThreshold = Int32(health.threshold)
                    }
                }
            }
        }
    }

    func set(_ request: Dapr_Proto_Runtime_V1_SetMetadataRequest) async throws -> Google_Protobuf_Empty {
        try app.setMetadata(request.key, request.value)
        return Google_Protobuf_Empty()
    }

    func shutdown(_ request: Dapr_Proto_Runtime_V1_ShutdownRequest, isForced: Bool) async throws -> Google_Protobuf_Empty {
        app.requestShutdown(force: isForced)
        return Google_Protobuf_Empty()
    }
}

extension Dapr_Proto_Runtime_V1_PubsubSubscription {
    fileprivate init(_ subscription: TopicSubscription) {
        self.init()
        pubsubName = subscription.pubsub
        topic = subscription.topic
        metadata = subscription.metadata
        deadLetterTopic = subscription.deadLetterTopic ?? ""
        rules.rules = subscription.rules.map { rule in
            .with {
                $0.match = rule.match
                $0.path = rule.path
            }
        }
        if let path = subscription.defaultPath, subscription.origin != .streaming { rules.rules.append(.with { $0.path = path }) }
        type =
            switch subscription.origin {
            case .declarative: .declarative
            case .programmatic: .programmatic
            case .streaming: .streaming
            }
    }
}
