import DaprAPI
import MechaCore
import MechaHost
import MechaManifest
import MechaTelemetry
import MechaTelemetryExport
import MechaWire

/// An app's telemetry with the pipeline that exports its spans.
struct TelemetryParts: Sendable {
    let telemetry: AppTelemetry
    let pipeline: SpanPipeline?

    /// Reads `spec.tracing`, `spec.metrics` and `spec.logging` of the configuration, and OpenTelemetry's
    /// environment variables. Throws for an endpoint or variable that cannot be understood.
    init(_ options: AppOptions, _ configuration: ConfigurationSpec, logs: AppLogs, host: Host) throws {
        let metrics = RuntimeMetrics(
            appID: options.appID, namespace: options.namespace, httpRoutes: DaprAPISurface.httpRoutes,
            grpcMethods: DaprAPISurface.grpcMethods,
            options: try MetricsOptions(configuration.metrics))

        var export = TraceExportOptions(configuration.tracing)
        try export.apply(environment: host.environment)
        pipeline = try SpanPipeline.to(
            export, appID: options.appID, version: MechaVersion.current, client: host.client, registry: metrics.registry,
            logger: logs.logger(scope: "dapr.runtime.trace"), clock: host.clock)
        let sampler = TraceSampler(rate: configuration.tracing.samplingRate ?? TraceSampler.defaultRate)

        var apiLog = APILogOptions()
        apiLog.isEnabled = options.isAPILoggingEnabled || configuration.apiLogging.isEnabled == true
        apiLog.obfuscatesURLs = configuration.apiLogging.obfuscatesURLs
        apiLog.omitsHealthChecks = configuration.apiLogging.omitsHealthChecks
        telemetry = AppTelemetry(
            metrics: metrics, tracer: Tracer(sampler: sampler, queue: pipeline?.queue, beginsTraces: sampler.rate > 0, clock: host.clock),
            apiLog: logs.apiLog(apiLog), clock: host.clock)
        pipeline?.start(on: host.loops.any())
    }
}

extension TraceExportOptions {
    init(_ tracing: ConfigurationSpec.Tracing) {
        self.init()
        writesToLog = tracing.writesToStandardOutput
        zipkinEndpoint = tracing.zipkinEndpoint
        otlp = tracing.otel.map { otel in
            OTLP(
                transport: otel.transport == .grpc ? .grpc : .http, endpoint: otel.endpointAddress, isSecure: otel.isSecure,
                headers: otel.headers.split(separator: ",").compactMap { pair in
                    let halves = pair.split(separator: "=", maxSplits: 1)
                    return halves.count == 2 ? Header(String(halves[0]), String(halves[1])) : nil
                }, timeout: otel.timeout)
        }
    }
}
