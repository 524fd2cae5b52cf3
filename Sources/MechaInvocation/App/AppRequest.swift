import MechaCore
import MechaTelemetry
import NIOCore
import NIOHTTP1

/// A call with its whole body in memory, as gRPC's InvokeService and other engines make them.
public struct AppRequest: Sendable {
    /// Nil when the caller named none, which HTTP apps cannot be called with.
    public var verb: HTTPMethod?
    public var method: MethodPath
    /// Metadata of a gRPC caller (binary values as base64), or headers of HTTP.
    public var headers: HTTPHeaders
    public var carriesMetadata: Bool
    public var contentType: String?
    public var body: ByteBuffer
    /// What followed the body.
    public var trailers: HTTPHeaders = [:]
    /// The `type_url` of the `Any` that the body came in; empty for plain bytes.
    public var typeURL: String
    public var caller: AppAddress?
    public var trace: TraceContext?

    public init(
        _ verb: HTTPMethod?, _ method: MethodPath, headers: HTTPHeaders = [:], carriesMetadata: Bool = false,
        contentType: String? = nil, body: ByteBuffer = ByteBuffer(), typeURL: String = "", caller: AppAddress? = nil,
        trace: TraceContext? = nil
    ) {
        self.verb = verb
        self.method = method
        self.headers = headers
        self.carriesMetadata = carriesMetadata
        self.contentType = contentType
        self.body = body
        self.typeURL = typeURL
        self.caller = caller
        self.trace = trace
    }
}

extension AppRequest {
    /// The verb for a callee that speaks HTTP.
    package func requireVerb() throws(InvocationError) -> HTTPMethod {
        guard let verb, verb != .CONNECT else {
            throw InvocationError.noVerb
        }
        return verb
    }

    /// Its headers as HTTP has them.
    package var httpHeaders: HTTPHeaders {
        var headers = carriesMetadata ? MetadataRules.httpHeaders(fromMetadata: headers) : headers
        if let contentType { headers.replaceOrAdd(name: "content-type", value: contentType) }
        return headers
    }
}
