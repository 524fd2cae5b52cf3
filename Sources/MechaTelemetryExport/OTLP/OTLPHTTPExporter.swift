import MechaTelemetry
import MechaWire
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// OTLP over HTTP with protobuf bodies (OTLP specification, section OTLP/HTTP).
struct OTLPHTTPExporter: SpanExporter {
    /// Where a collector listens when the endpoint has no path.
    static let defaultPath = "/v1/traces"
    static let defaultPort = 4318

    let name = "otlp-http"
    private let encoder: OTLPEncoder
    private let sender: HTTPBatchSender

    init(_ options: TraceExportOptions.OTLP, encoder: OTLPEncoder, client: HTTPClient) throws(InvalidEndpoint) {
        self.encoder = encoder
        let endpoint = try ExportEndpoint(
            options.endpoint, isSecure: options.isSecure, defaultPort: Self.defaultPort, defaultTarget: Self.defaultPath,
            version: .automatic)
        var headers: HTTPHeaders = ["content-type": "application/x-protobuf"]
        for header in options.headers { headers.add(name: header.name, value: header.value) }
        sender = HTTPBatchSender(client: client, endpoint: endpoint, headers: headers, timeout: options.timeout)
    }

    func export(_ spans: [TraceSpan]) async throws(SpanExportError) {
        let body: ByteBuffer
        do {
            body = ByteBuffer(bytes: try encoder.request(spans).serializedBytes() as [UInt8])
        } catch {
            throw SpanExportError("cannot encode the batch: \(error)", isTransient: false)
        }
        try await sender.post(body)
    }
}
