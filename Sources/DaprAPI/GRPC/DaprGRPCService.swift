import MechaHost
import MechaProto
import MechaWire

/// Dapr's gRPC API of one app (section 2 of the Dapr surface): the service `dapr.proto.runtime.v1.Dapr`
/// with health and reflection beside it. RPCs that are not built, or not allowed, answer UNIMPLEMENTED.
struct DaprGRPCService: HTTPService {
    private let router: GRPCRouter

    /// `proxy` takes the methods of all other services.
    init(app: AppRuntime, proxy: any HTTPService) {
        var router = GRPCRouter(
            limits: GRPCLimits(messageBytes: app.options.maximumBodyBytes), hooks: DaprGRPCHooks(app: app))
        RPCTable.register(app, in: &router)
        router.refuse(DaprMethods.all, with: GRPCStatus(.unimplemented, "this API is not available here"))
        GRPCHealth().register(in: &router)
        GRPCReflection.register(in: &router)
        router.fallback = proxy
        self.router = router
    }

    func handle(_ exchange: ServerExchange) { router.handle(exchange) }
}
