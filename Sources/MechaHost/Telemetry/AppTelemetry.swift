import MechaCore
import MechaManifest
import MechaTelemetry
import MechaWire

/// What is counted and traced of one app. One per app, so that apps of a process never mix.
public final class AppTelemetry: Sendable {
    public let metrics: RuntimeMetrics
    private let clock: any MechaClock

    init(options: AppOptions, configuration: ConfigurationSpec, surface: APISurface, clock: any MechaClock) {
        metrics = RuntimeMetrics(
            appID: options.appID, namespace: options.namespace, httpRoutes: surface.httpRoutes,
            grpcMethods: surface.grpcMethods, options: MetricsOptions(configuration.metrics))
        self.clock = clock
    }

    /// Counts the exchange when it is over, under its route's template.
    public func observe(_ exchange: ServerExchange, route: RouteID, path: Substring) {
        let started = clock.monotonicNanoseconds()
        exchange.onFinish = { [self] exchange in
            let head = exchange.head
            metrics.httpServer.record(
                route: route, path: String(path), verb: HTTPVerb(head.method.rawValue),
                status: Int(exchange.responseStatus?.code ?? 499), requestBytes: exchange.requestBodyBytes,
                responseBytes: exchange.responseBodyBytes, nanoseconds: clock.monotonicNanoseconds() - started)
        }
    }
}

/// The names that a process's front ends serve; they bound the label values of metrics.
public struct APISurface: Sendable {
    /// Route templates; a ``RouteID`` is an index into them.
    public var httpRoutes: [String]
    /// Full gRPC method names.
    public var grpcMethods: [String]

    public init(httpRoutes: [String], grpcMethods: [String]) {
        self.httpRoutes = httpRoutes
        self.grpcMethods = grpcMethods
    }
}

extension MetricsOptions {
    /// What the Configuration says; the label of a path is its route's template unless it says otherwise.
    init(_ metrics: ConfigurationSpec.Metrics) {
        self.init()
        pathPatterns = metrics.pathMatching
        if !metrics.pathMatching.isEmpty { pathLabel = .matchedPattern }
        excludesVerbs = metrics.excludesVerbs
        recordsErrorCodes = metrics.recordsErrorCodes
        latencyBucketsMilliseconds = metrics.latencyBuckets.isEmpty ? nil : metrics.latencyBuckets.map(Double.init)
    }
}
