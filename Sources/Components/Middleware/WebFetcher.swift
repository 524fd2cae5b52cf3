import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization

/// Makes the requests of a middleware to its provider. Of one component; lives from start to close.
final class WebFetcher: Sendable {
    static let timeout = TimeAmount.seconds(10)
    static let maximumResponseBytes = 1 << 20

    private let group: any EventLoopGroup
    private let client = Mutex<HTTPClient?>(nil)

    init(_ group: any EventLoopGroup) { self.group = group }

    func start() async throws {
        let loops = try await EventLoops.joining(group)
        client.withLock { $0 = HTTPClient(loops: loops) }
    }

    func close() async {
        let client = client.withLock { client in
            defer { client = nil }
            return client
        }
        await client?.close()
    }

    func send(
        _ method: HTTPMethod, _ url: WebURL, headers: HTTPHeaders = [:], body: ByteBuffer? = nil
    ) async throws -> ClientResponse {
        guard let client = client.withLock({ $0 }) else { throw CapabilityError(.closed, "the middleware is closed") }
        let origin = Origin(.tcp(host: url.host, port: url.port), tls: url.isSecure ? ClientTLS() : nil)
        var request = ClientRequest(method, url.target, at: origin, headers: headers, body: body)
        request.responseBodyLimitBytes = Self.maximumResponseBytes
        do {
            return try await client.execute(request, deadline: .now() + Self.timeout)
        } catch let error as WireError {
            throw CapabilityError(.unavailable, "\(url.origin): \(error.message)", cause: error)
        }
    }

    /// The URL of a metadata field.
    static func url(_ field: String, _ metadata: ComponentMetadata) throws -> WebURL {
        guard let url = WebURL(try metadata.required(field)) else {
            throw MetadataError(field: field, problem: "cannot be used", expected: "an http or https URL")
        }
        return url
    }
}
