import MechaProto
import MechaTelemetry
import MechaWire
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// OTLP over gRPC (OTLP specification, section OTLP/gRPC): one unary call per batch.
struct OTLPGRPCExporter: SpanExporter {
    static let defaultPort = 4317
    private static let maximumResponseBytes = 65_536

    let name = "otlp-grpc"
    private let encoder: OTLPEncoder
    private let client: HTTPClient
    private let origin: Origin
    private let headers: HTTPHeaders
    private let timeout: Duration

    init(_ options: TraceExportOptions.OTLP, encoder: OTLPEncoder, client: HTTPClient) throws(InvalidEndpoint) {
        self.encoder = encoder
        self.client = client
        timeout = options.timeout
        origin = try ExportEndpoint(
            options.endpoint, isSecure: options.isSecure, defaultPort: Self.defaultPort, defaultTarget: "/", version: .http2
        ).origin
        var headers: HTTPHeaders = [
            "content-type": "application/grpc+proto", "te": "trailers",
            "grpc-timeout": "\(min(99_999_999, timeout.components.seconds * 1_000 + timeout.components.attoseconds / 1_000_000_000_000_000))m",
        ]
        for header in options.headers { headers.add(name: header.name, value: header.value) }
        self.headers = headers
    }

    func export(_ spans: [TraceSpan]) async throws(SpanExportError) {
        let response: ClientResponse
        do {
            let message = try encoder.request(spans).serializedBytes() as [UInt8]
            // Length-prefixed message: not compressed, then its size.
            var body = ByteBuffer(integer: UInt8(0))
            body.writeInteger(UInt32(message.count))
            body.writeBytes(message)
            var request = ClientRequest(.POST, TraceServiceMethods.export.method.path, at: origin, headers: headers, body: body)
            request.responseBodyLimitBytes = Self.maximumResponseBytes
            response = try await client.execute(request, deadline: .now() + TimeAmount(timeout))
        } catch {
            throw SpanExportError("\(origin): \(error)", isTransient: error is WireError)
        }
        let status = (response.trailers?.first(name: "grpc-status") ?? response.headers.first(name: "grpc-status")).flatMap(Int.init)
        guard status != 0 else { return }
        throw SpanExportError(
            "\(origin) answered \(status.map { "gRPC status \($0)" } ?? "HTTP status \(response.status.code)")",
            isTransient: status.map(Self.isTransient) ?? [429, 502, 503, 504].contains(response.status.code))
    }

    /// Codes after which OTLP wants a batch to be repeated: cancelled, deadline exceeded, aborted, out of
    /// range, unavailable, data loss; and resource exhausted, for which waiting is what the code asks for.
    private static func isTransient(_ status: Int) -> Bool { [1, 4, 8, 10, 11, 14, 15].contains(status) }
}
