import MechaWire
import NIOCore
import NIOHTTP1

/// What an app answered to an ``AppRequest``.
public struct AppResponse: Sendable {
    /// The app's own answer, an error perhaps.
    public enum Outcome: Sendable {
        /// From an app that speaks HTTP.
        case http(HTTPResponseStatus)
        /// From an app that speaks gRPC.
        case grpc(GRPCStatus)
    }

    public var outcome: Outcome
    /// Headers, or metadata when the app speaks gRPC.
    public var headers: HTTPHeaders
    public var contentType: String?
    public var body: ByteBuffer
    /// What follows the body, where callers get it that way (HTTP).
    public var trailers: HTTPHeaders = [:]
    /// The `type_url` of the `Any` that the body came in; empty for plain bytes.
    public var typeURL: String

    public init(
        _ outcome: Outcome, headers: HTTPHeaders = [:], contentType: String? = nil, body: ByteBuffer = ByteBuffer(),
        typeURL: String = ""
    ) {
        self.outcome = outcome
        self.headers = headers
        self.contentType = contentType
        self.body = body
        self.typeURL = typeURL
    }
}
