import NIOCore
import NIOHTTP1

/// What a step of a pipeline does with the response to a request, when it cannot decide at once.
public struct ResponseFilter: Sendable {
    /// A response on its way back.
    public struct Response: Sendable {
        public var status: HTTPResponseStatus
        public var headers: HTTPHeaders
        /// The whole body where a filter wants bodies; nil otherwise, and it passes as it comes, unless a filter puts another in
        /// its place.
        public var body: ByteBuffer?
        /// What followed the body; known only where that is whole.
        public var trailers: HTTPHeaders

        public init(status: HTTPResponseStatus, headers: HTTPHeaders, body: ByteBuffer?, trailers: HTTPHeaders = [:]) {
            self.status = status
            self.headers = headers
            self.body = body
            self.trailers = trailers
        }
    }

    /// Largest body that is held for the filter, in bytes; nil for one that looks at heads only.
    public var bodyBytesAtMost: Int?
    public var apply: @Sendable (inout Response) async -> Void

    public init(bodyBytesAtMost: Int?, _ apply: @escaping @Sendable (inout Response) async -> Void) {
        self.bodyBytesAtMost = bodyBytesAtMost
        self.apply = apply
    }
}

extension [ResponseFilter] {
    /// Nil when none wants bodies; else the smallest bound.
    package var bodyBytesAtMost: Int? { compactMap(\.bodyBytesAtMost).min() }

    /// The last first: it stands nearest to the response.
    package func apply(to response: inout ResponseFilter.Response) async {
        for filter in reversed() { await filter.apply(&response) }
        if response.body != nil { response.headers.remove(name: "content-length") }
    }
}
