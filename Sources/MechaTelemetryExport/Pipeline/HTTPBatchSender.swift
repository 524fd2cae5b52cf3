import MechaWire
import NIOCore
import NIOHTTP1

/// Posts encoded batches and tells which failures are worth another attempt.
struct HTTPBatchSender: Sendable {
    /// No exporter needs more of an answer.
    private static let maximumResponseBytes = 65_536

    let client: HTTPClient
    let endpoint: ExportEndpoint
    let headers: HTTPHeaders
    let timeout: Duration

    func post(_ body: ByteBuffer) async throws(SpanExportError) {
        var request = ClientRequest(.POST, endpoint.target, at: endpoint.origin, headers: headers, body: body)
        request.responseBodyLimitBytes = Self.maximumResponseBytes
        let response: ClientResponse
        do {
            response = try await client.execute(request, deadline: .now() + TimeAmount(timeout))
        } catch {
            throw SpanExportError("\(endpoint.origin): \(error)", isTransient: true)
        }
        guard !(200..<300).contains(response.status.code) else { return }
        throw SpanExportError(
            "\(endpoint.origin) answered \(response.status.code)", isTransient: Self.isTransient(response.status.code),
            retryAfter: response.headers.first(name: "retry-after").flatMap(Int64.init).map { .seconds($0) })
    }

    /// Answers after which OTLP wants a batch to be repeated.
    private static func isTransient(_ status: UInt) -> Bool {
        status == 429 || status == 502 || status == 503 || status == 504
    }
}
