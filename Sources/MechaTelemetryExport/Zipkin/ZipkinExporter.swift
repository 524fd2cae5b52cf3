import MechaTelemetry
import MechaWire
import NIOHTTP1

/// Posts spans to a Zipkin collector.
struct ZipkinExporter: SpanExporter {
    static let defaultPath = "/api/v2/spans"
    static let defaultPort = 9411
    /// Time for one attempt.
    static let timeout = Duration.seconds(10)

    let name = "zipkin"
    private let encoder: ZipkinEncoder
    private let sender: HTTPBatchSender

    /// - Parameter endpoint: `tracing.zipkin.endpointAddress`.
    init(endpoint: String, encoder: ZipkinEncoder, client: HTTPClient) throws(InvalidEndpoint) {
        self.encoder = encoder
        sender = HTTPBatchSender(
            client: client,
            endpoint: try ExportEndpoint(
                endpoint, isSecure: false, defaultPort: Self.defaultPort, defaultTarget: Self.defaultPath, version: .automatic),
            headers: ["content-type": "application/json"], timeout: Self.timeout)
    }

    func export(_ spans: [TraceSpan]) async throws(SpanExportError) {
        try await sender.post(encoder.encode(spans))
    }
}
