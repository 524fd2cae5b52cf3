import Logging
import MechaCore
import MechaTelemetry
import MechaWire

extension SpanPipeline {
    /// The pipeline to the destinations of `options`; nil when there are none.
    ///
    /// - Parameters:
    ///   - appID: the service's name unless the options say otherwise.
    ///   - version: of this program.
    ///   - client: shared with the rest of the runtime.
    public static func to(
        _ options: TraceExportOptions, appID: String, version: String, client: HTTPClient, limits: SpanPipelineLimits = .init(),
        registry: MetricRegistry, logger: Logger, clock: any MechaClock = SystemClock()
    ) throws(InvalidEndpoint) -> SpanPipeline? {
        let resource = TraceResource(
            serviceName: options.serviceName ?? appID, attributes: options.resourceAttributes)
        var exporters: [any SpanExporter] = []
        if options.writesToLog { exporters.append(StdoutExporter(logger: logger)) }
        if let endpoint = options.zipkinEndpoint {
            exporters.append(
                try ZipkinExporter(endpoint: endpoint, encoder: ZipkinEncoder(resource: resource), client: client))
        }
        if let otlp = options.otlp {
            let encoder = OTLPEncoder(resource: resource, version: version)
            switch otlp.transport {
            case .http: exporters.append(try OTLPHTTPExporter(otlp, encoder: encoder, client: client))
            case .grpc: exporters.append(try OTLPGRPCExporter(otlp, encoder: encoder, client: client))
            }
        }
        guard !exporters.isEmpty else { return nil }
        return SpanPipeline(exporters: exporters, limits: limits, registry: registry, logger: logger, clock: clock)
    }
}
