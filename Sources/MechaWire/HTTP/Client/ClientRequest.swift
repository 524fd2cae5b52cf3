import NIOCore
import NIOHTTP1

/// A request with its whole body in memory, for ``HTTPClient/execute(_:deadline:)``.
public struct ClientRequest: Sendable {
    public var origin: Origin
    public var method: HTTPMethod
    /// The request target: path and query.
    public var target: String
    public var headers: HTTPHeaders
    public var body: ByteBuffer?
    /// Largest response body; nil for ``WireLimits/bodyBytes``.
    public var responseBodyLimitBytes: Int?

    public init(
        _ method: HTTPMethod, _ target: String, at origin: Origin, headers: HTTPHeaders = [:], body: ByteBuffer? = nil
    ) {
        self.origin = origin
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }
}
