import NIOCore
import NIOHTTP1

/// A request on its way through a pipeline, and what the steps want done to its bodies and its response.
public struct MiddlewareRequest: Sendable {
    /// Method, target and headers; what a step changes is what the next one sees.
    public var head: HTTPRequestHead
    /// Whether TLS carries the request.
    public let isSecure: Bool
    /// Whom the request came from; nil for requests of the runtime itself.
    public let peerAddress: SocketAddress?
    /// Added to the response, whoever gives it.
    public var responseHeaders = HTTPHeaders()
    /// Each makes the transformation of one body; the first is applied first.
    private(set) var requestTransforms: [BodyTransformation] = []
    /// The last is applied first, as the step that stands nearest to the response.
    private(set) var responseTransforms: [BodyTransformation] = []

    /// Look at the response; the last is asked first.
    package private(set) var responseFilters: [ResponseFilter] = []
    /// Reads the whole body, on the request's loop; throws beyond the limit that it is given.
    private let bodySource: BodySource?
    /// Whether a body comes, or may come.
    public private(set) var hasBody: Bool
    /// The body that a step has read or made.
    package private(set) var wholeBody: ByteBuffer?
    /// What followed the body, once that has been read, or what a step put there.
    public private(set) var trailers: HTTPHeaders = [:]

    package typealias BodySource = @Sendable (_ bytesAtMost: Int) async throws(WireError) -> (body: ByteBuffer, trailers: HTTPHeaders?)

    public init(_ head: HTTPRequestHead, isSecure: Bool = false, peerAddress: SocketAddress? = nil) {
        self.init(head, isSecure: isSecure, peerAddress: peerAddress, bodySource: nil)
    }

    package init(
        _ head: HTTPRequestHead, isSecure: Bool = false, peerAddress: SocketAddress? = nil, hasBody: Bool = false, bodySource: BodySource?
    ) {
        self.hasBody = hasBody
        self.head = head
        self.isSecure = isSecure
        self.peerAddress = peerAddress
        self.bodySource = bodySource
    }

    /// The whole body, as the steps before have left it. For operations of ``MiddlewareVerdict/later(_:)`` only.
    public mutating func body(upTo bytesAtMost: Int) async throws(WireError) -> ByteBuffer {
        var body: ByteBuffer
        if let wholeBody {
            body = wholeBody
        } else if let bodySource {
            let source = try await bodySource(bytesAtMost)
            body = source.body
            trailers = source.trailers ?? [:]
        } else {
            body = ByteBuffer()
        }
        if var transform = requestTransform {
            body = transform.transformAll(body)
            requestTransforms = []
        }
        replaceBody(body)
        return body
    }

    /// Puts another body in the place of the request's, which has been read; what followed it stays unless `trailers` are given.
    public mutating func replaceBody(_ body: ByteBuffer, trailers: HTTPHeaders? = nil) {
        wholeBody = body
        if let trailers { self.trailers = trailers }
        hasBody = body.readableBytes > 0
        head.headers.remove(name: "transfer-encoding")
        head.headers.remove(name: "content-length")
        // Trailers follow only bodies that do not tell their length.
        if body.readableBytes > 0, self.trailers.isEmpty { head.headers.add(name: "content-length", value: String(body.readableBytes)) }
    }

    /// Has the response looked at before it goes back.
    public mutating func filterResponse(_ filter: ResponseFilter) { responseFilters.append(filter) }

    /// Sends the request's body through a transformation. Its length is not known any more.
    public mutating func transformRequestBody(_ transformation: @escaping BodyTransformation) {
        requestTransforms.append(transformation)
        head.headers.remove(name: "content-length")
    }

    /// Sends the response's body through a transformation.
    public mutating func transformResponseBody(_ transformation: @escaping BodyTransformation) {
        responseTransforms.append(transformation)
    }

    /// The path of the target, without its query.
    public var path: Substring { head.uri.prefix { $0 != "?" } }

    /// What the request's body goes through; nil for nothing. A new one for each time that the body is sent.
    package var requestTransform: (any BodyTransform)? { chain(requestTransforms) }

    /// What the response's body goes through; nil for nothing.
    package var responseTransform: (any BodyTransform)? { chain(responseTransforms.reversed()) }

    private func chain(_ transformations: [BodyTransformation]) -> (any BodyTransform)? {
        transformations.count <= 1 ? transformations.first?() : BodyTransformChain(transformations.map { $0() })
    }
}
