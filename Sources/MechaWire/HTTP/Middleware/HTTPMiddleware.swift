import MechaCore
import NIOCore
import NIOHTTP1

/// A step of an HTTP pipeline (`middleware.http.*`): looks at requests before they go on, and may change or
/// answer them.
///
/// Called from any thread, for many requests at once; must not block. What needs I/O says ``MiddlewareVerdict/later(_:)``.
public protocol HTTPMiddleware: Component {
    /// Decides about one request, whose body has not been looked at.
    func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict
}

/// What becomes of a request.
public enum MiddlewareVerdict: Sendable {
    /// It goes on to the next step.
    case pass
    /// It goes no further.
    case answer(MiddlewareAnswer)
    /// Not known yet; the operation goes on with the request.
    case later(@Sendable (inout MiddlewareRequest) async -> MiddlewareVerdict)
}

/// A response that a step gives in place of whom the request was for.
public struct MiddlewareAnswer: Sendable {
    public var status: HTTPResponseStatus
    public var headers: HTTPHeaders
    public var body: ByteBuffer

    public init(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A refusal with a plain text; the status's own words without one.
    public static func refusal(_ status: HTTPResponseStatus, _ text: String? = nil, headers: HTTPHeaders = [:]) -> MiddlewareAnswer {
        var headers = headers
        headers.add(name: "content-type", value: "text/plain; charset=utf-8")
        return MiddlewareAnswer(status, headers: headers, body: ByteBuffer(string: text ?? status.reasonPhrase))
    }
}
