import MechaHost
import MechaProto
import MechaWire
import SwiftProtobuf

/// The RPCs that are built, with the groups under which they are allowed or denied (Appendix B of the
/// Dapr surface): what the router serves and what docs/compatibility.md lists.
struct RPCTable {
    struct Entry: Sendable {
        let method: RPCMethod
        let group: APIGroup
        let version: APIVersion
        let register: @Sendable (AppRuntime, inout GRPCRouter) -> Void
    }

    static let built: [Entry] = [
        unary(DaprMethods.invokeService, .invoke, .v1) { try await InvocationCalls(app: $0).invoke($1, $2) },
        unary(DaprMethods.getState, .state, .v1) { app, request, _ in try await StateCalls(app: app).get(request) },
        unary(DaprMethods.getBulkState, .state, .v1) { app, request, _ in try await StateCalls(app: app).bulkGet(request) },
        unary(DaprMethods.saveState, .state, .v1) { app, request, _ in try await StateCalls(app: app).save(request) },
        unary(DaprMethods.deleteState, .state, .v1) { app, request, _ in try await StateCalls(app: app).delete(request) },
        unary(DaprMethods.deleteBulkState, .state, .v1) { app, request, _ in try await StateCalls(app: app).bulkDelete(request) },
        unary(DaprMethods.executeStateTransaction, .state, .v1) { app, request, call in
            try await StateCalls(app: app).transact(request, trace: call.trace)
        },
        unary(DaprMethods.queryStateAlpha1, .state, .v1alpha1) { app, request, _ in try await StateCalls(app: app).query(request) },
        unary(DaprMethods.publishEvent, .publish, .v1) { try await PublishCalls(app: $0).publish($1, $2) },
        unary(DaprMethods.bulkPublishEvent, .publish, .v1) { try await PublishCalls(app: $0).publishBulk($1, $2) },
        unary(DaprMethods.bulkPublishEventAlpha1, .publish, .v1alpha1) { try await PublishCalls(app: $0).publishBulk($1, $2) },
        Entry(method: DaprMethods.subscribeTopicEventsAlpha1.method, group: .subscribe, version: .v1alpha1) { app, router in
            router.bidirectional(DaprMethods.subscribeTopicEventsAlpha1) { requests, responses, _ in
                try await SubscribeCalls(app: app).subscribe(requests, responses)
            }
        },
        unary(DaprMethods.invokeBinding, .bindings, .v1) { try await BindingCalls(app: $0).invoke($1, $2) },
        unary(DaprMethods.getSecret, .secrets, .v1) { app, request, _ in try await SecretCalls(app: app).get(request) },
        unary(DaprMethods.getBulkSecret, .secrets, .v1) { app, request, _ in try await SecretCalls(app: app).bulkGet(request) },
        unary(DaprMethods.getMetadata, .metadata, .v1) { app, request, _ in try await MetadataCalls(app: app).get(request) },
        unary(DaprMethods.setMetadata, .metadata, .v1) { app, request, _ in try await MetadataCalls(app: app).set(request) },
        unary(DaprMethods.shutdown, .shutdown, .v1) { app, request, call in
            let isForced = call.metadata["dapr-force-shutdown"]?.lowercased() == "true"
            return try await MetadataCalls(app: app).shutdown(request, isForced: isForced)
        },
    ]

    /// Registers what the app's Configuration allows.
    static func register(_ app: AppRuntime, in router: inout GRPCRouter) {
        let access = APIAccess(app.configuration.api)
        for entry in built where access.allows(group: entry.group.rawValue, version: entry.version, over: .grpc) {
            entry.register(app, &router)
        }
    }

    private static func unary<Request: Message, Response: Message>(
        _ rpc: RPC<Request, Response>, _ group: APIGroup, _ version: APIVersion,
        _ handler: @escaping @Sendable (AppRuntime, Request, GRPCServerCall) async throws -> Response
    ) -> Entry {
        Entry(method: rpc.method, group: group, version: version) { app, router in
            router.unary(rpc) { request, call in try await handler(app, request, call) }
        }
    }
}
