/// All metrics of one app's runtime, under Dapr's names and labels (Dapr surface, section 6.1 and
/// Appendix E) with the constant label `app_id`.
public final class RuntimeMetrics: Sendable {
    /// What ``MetricsText`` renders.
    public let registry: MetricRegistry
    public let httpServer: HTTPServerMetrics
    public let httpClient: HTTPClientMetrics
    public let grpcServer: GRPCMetrics
    public let grpcClient: GRPCMetrics
    public let healthProbes: HealthProbeMetrics
    public let state: ComponentCallMetrics<StateCall>
    public let secrets: ComponentCallMetrics<SecretCall>
    public let pubsub: PubSubMetrics
    public let inputBindings: InputBindingMetrics
    public let outputBindings: OutputBindingMetrics
    public let components: ComponentLifecycleMetrics
    public let invocation: InvocationMetrics
    public let accessControl: AccessControlMetrics
    public let resiliency: ResiliencyMetrics
    public let wire: WireMetrics
    private let errorCodes: MetricFamily<Counter>?

    /// - Parameters:
    ///   - httpRoutes: templates of the HTTP API; their indices are the ``RouteID``s of ``httpServer``.
    ///   - grpcMethods: full names of the gRPC API's methods, likewise for ``grpcServer``.
    ///   - appRoutes: paths that the runtime itself calls on the app, likewise for ``httpClient``.
    public init(
        appID: String, namespace: String = "", httpRoutes: [String] = [], grpcMethods: [String] = [],
        appRoutes: [String] = [], options: MetricsOptions = MetricsOptions()
    ) {
        registry = MetricRegistry(
            constantLabels: [("app_id", appID)], rules: options.rules,
            maximumSeriesPerFamily: options.maximumSeriesPerFamily)
        httpServer = HTTPServerMetrics(registry, routes: httpRoutes, options: options)
        httpClient = HTTPClientMetrics(registry, routes: appRoutes, options: options)
        grpcServer = GRPCMetrics(registry, side: .server, methods: grpcMethods, options: options)
        grpcClient = GRPCMetrics(registry, side: .client, methods: [], options: options)
        healthProbes = HealthProbeMetrics(registry)
        state = ComponentCallMetrics(registry, block: "state", namespace: namespace, options: options)
        secrets = ComponentCallMetrics(registry, block: "secret", namespace: namespace, options: options)
        pubsub = PubSubMetrics(registry, namespace: namespace, options: options)
        inputBindings = InputBindingMetrics(registry, namespace: namespace, options: options)
        outputBindings = OutputBindingMetrics(registry, namespace: namespace, options: options)
        components = ComponentLifecycleMetrics(registry)
        invocation = InvocationMetrics(registry, options: options)
        accessControl = AccessControlMetrics(registry)
        resiliency = ResiliencyMetrics(registry)
        wire = WireMetrics(registry)
        errorCodes =
            options.recordsErrorCodes
            ? registry.counter(
                "dapr_error_code_total", help: "Errors answered, by Dapr error code.", labels: ["error_code", "category"])
            : nil
    }

    /// Counts an answered Dapr error code (Appendix C); does nothing unless the configuration asks for it.
    public func errorCode(_ code: String, category: String) {
        errorCodes?.with(code, category).increment()
    }
}
