import MechaCore
import MechaManifest
import MechaTelemetry
import MechaWire
import NIOHTTP1

/// What is counted, traced and logged of one app's calls. One per app, so that apps of a process never mix.
public final class AppTelemetry: Sendable {
    public let metrics: RuntimeMetrics
    public let tracer: Tracer
    public let apiLog: APILog
    let clock: any MechaClock

    public init(metrics: RuntimeMetrics, tracer: Tracer, apiLog: APILog, clock: any MechaClock) {
        self.metrics = metrics
        self.tracer = tracer
        self.apiLog = apiLog
        self.clock = clock
    }

    /// Follows an HTTP request from its head to its end: metrics under its route's template, a span, an API
    /// log record. Answers the trace context that goes on with what the request causes; a caller that sent
    /// none is told it in the response's `traceparent`.
    ///
    /// - Parameter isTraced: false for probes, which would only fill traces.
    public func follow(
        _ exchange: ServerExchange, route: RouteID, template: String?, path: Substring, isTraced: Bool = true
    ) -> TraceContext? {
        let started = clock.monotonicNanoseconds()
        let incoming = TraceContext(exchange.head.headers)
        let scope = (isTraced ? tracer : .off).begin(.server, parent: incoming)
        if incoming == nil { exchange.responseTrace = scope.context }
        exchange.onFinish = { [self] exchange in
            let head = exchange.head
            let status = Int(exchange.responseStatus?.code ?? 499)
            let nanoseconds = clock.monotonicNanoseconds() - started
            metrics.httpServer.record(
                route: route, path: String(path), verb: HTTPVerb(head.method.rawValue), status: status,
                requestBytes: exchange.requestBodyBytes, responseBytes: exchange.responseBodyBytes, nanoseconds: nanoseconds)
            if var span = scope.span {
                span.name = template ?? String(path)
                span.describeHTTPServer(
                    method: head.method.rawValue, route: template ?? "", path: String(path), status: status,
                    userAgent: head.headers.first(name: "user-agent"))
                tracer.end(span)
            }
            if apiLog.isEnabled {
                apiLog.httpCalled(
                    method: head.method.rawValue, path: head.uri, route: template ?? "", status: status,
                    responseBytes: exchange.responseBodyBytes, milliseconds: Int(nanoseconds / 1_000_000),
                    userAgent: head.headers.first(name: "user-agent"), isHealthCheck: !isTraced)
            }
        }
        return scope.context
    }
}

extension TraceContext {
    /// What the headers of a request say; nil when they say nothing valid.
    init?(_ headers: HTTPHeaders) {
        guard let traceparent = headers.first(name: "traceparent") else { return nil }
        self.init(traceparent: traceparent, tracestate: headers["tracestate"])
    }
}

extension MetricsOptions {
    /// What the Configuration says; the label of a path is its route's template unless it says otherwise.
    public init(_ metrics: ConfigurationSpec.Metrics) throws(LabelRules.InvalidPattern) {
        self.init()
        pathPatterns = metrics.pathMatching
        pathLabel = MetricsOptions.PathLabel(increasedCardinality: metrics.hasIncreasedCardinality)
        rules = try LabelRules(
            metrics.rules.flatMap { rule in
                rule.labels.flatMap { label in
                    label.patterns.sorted { $0.key < $1.key }.map { replacement, pattern in
                        LabelRules.Rewrite(metric: rule.name, label: label.name, pattern: pattern, replacement: replacement)
                    }
                }
            })
        excludesVerbs = metrics.excludesVerbs
        recordsErrorCodes = metrics.recordsErrorCodes
        latencyBucketsMilliseconds = metrics.latencyBuckets.isEmpty ? nil : metrics.latencyBuckets.map(Double.init)
    }
}
