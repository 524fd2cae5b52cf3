import MechaHost
import MechaProto
import MechaWire

/// The RPCs that are built, with the groups under which they are allowed or denied (Appendix B of the
/// Dapr surface); the source of the gRPC part of docs/compatibility.md.
struct RPCTable {
    private let app: AppRuntime
    private let access: APIAccess

    init(app: AppRuntime) {
        self.app = app
        access = APIAccess(app.configuration.api)
    }

    func register(in router: inout GRPCRouter) {
        if allows(.invoke, .v1) {
            let invocation = InvocationCalls(app: app)
            router.unary(DaprMethods.invokeService) { request, call in try await invocation.invoke(request, call) }
        }
        let state = StateCalls(app: app)
        if allows(.state, .v1) {
            router.unary(DaprMethods.getState) { request, _ in try await state.get(request) }
            router.unary(DaprMethods.getBulkState) { request, _ in try await state.bulkGet(request) }
            router.unary(DaprMethods.saveState) { request, _ in try await state.save(request) }
            router.unary(DaprMethods.deleteState) { request, _ in try await state.delete(request) }
            router.unary(DaprMethods.deleteBulkState) { request, _ in try await state.bulkDelete(request) }
            router.unary(DaprMethods.executeStateTransaction) { request, _ in try await state.transact(request) }
        }
        if allows(.state, .v1alpha1) {
            router.unary(DaprMethods.queryStateAlpha1) { request, _ in try await state.query(request) }
        }
        if allows(.secrets, .v1) {
            let secrets = SecretCalls(app: app)
            router.unary(DaprMethods.getSecret) { request, _ in try await secrets.get(request) }
            router.unary(DaprMethods.getBulkSecret) { request, _ in try await secrets.bulkGet(request) }
        }
        let metadata = MetadataCalls(app: app)
        if allows(.metadata, .v1) {
            router.unary(DaprMethods.getMetadata) { request, _ in try await metadata.get(request) }
            router.unary(DaprMethods.setMetadata) { request, _ in try await metadata.set(request) }
        }
        if allows(.shutdown, .v1) {
            router.unary(DaprMethods.shutdown) { request, call in
                try await metadata.shutdown(request, isForced: call.metadata["dapr-force-shutdown"]?.lowercased() == "true")
            }
        }
    }

    private func allows(_ group: APIGroup, _ version: APIVersion) -> Bool {
        access.allows(group: group.rawValue, version: version, over: .grpc)
    }
}
