import MechaProto
import MechaTelemetry
import MechaWire
import NIOCore

/// OTLP over gRPC (OTLP specification, section OTLP/gRPC): one unary call per batch.
struct OTLPGRPCExporter: SpanExporter {
    static let defaultPort = 4317

    let name = "otlp-grpc"
    private let encoder: OTLPEncoder
    private let client: GRPCClient
    private let origin: Origin
    private let metadata: GRPCMetadata
    private let timeout: Duration

    init(_ options: TraceExportOptions.OTLP, encoder: OTLPEncoder, client: HTTPClient) throws(InvalidEndpoint) {
        self.encoder = encoder
        origin = try ExportEndpoint(
            options.endpoint, isSecure: options.isSecure, defaultPort: Self.defaultPort, defaultTarget: "/", version: .http2
        ).origin
        self.client = GRPCClient(client, origin: origin)
        var metadata = GRPCMetadata()
        for header in options.headers { metadata.add(header.name, header.value) }
        self.metadata = metadata
        timeout = options.timeout
    }

    func export(_ spans: [TraceSpan]) async throws(SpanExportError) {
        let options = GRPCCallOptions(metadata: metadata, deadline: .now() + TimeAmount(timeout))
        do {
            _ = try await client.unary(TraceServiceMethods.export, encoder.request(spans), options: options)
        } catch {
            let code = (error as? GRPCStatus)?.code
            throw SpanExportError("\(origin): \(error)", isTransient: code.map(Self.transientCodes.contains) ?? false)
        }
    }

    /// After these OTLP wants a batch to be repeated; after RESOURCE_EXHAUSTED only if the server says so, but
    /// it is also what a limit that will soon be free looks like.
    private static let transientCodes: Set<GRPCStatus.Code> = [
        .cancelled, .deadlineExceeded, .resourceExhausted, .aborted, .outOfRange, .unavailable, .dataLoss,
    ]
}
