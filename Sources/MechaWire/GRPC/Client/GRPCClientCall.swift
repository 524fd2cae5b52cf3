import SwiftProtobuf

/// A call with streams of messages, as a ``GRPCClient`` hands it to a closure. One task may send while
/// another reads; both must stay on the call's event loop, as child tasks do.
public struct GRPCClientCall<Request: Message, Response: Message>: Sendable {
    private let stream: GRPCClientStream
    private let isCompressed: Bool

    init(_ stream: GRPCClientStream, isCompressed: Bool) {
        self.stream = stream
        self.isCompressed = isCompressed
    }

    /// Sends a request and waits until the server can take more. Throws CANCELLED once the call is over:
    /// what ended it is told by ``next()``.
    public func send(_ request: Request) async throws(GRPCStatus) {
        try await stream.send(try GRPCMessageCoding.encode(request, gzip: isCompressed, limits: stream.limits))
    }

    /// Tells the server that no more requests come.
    public func finishSending() { stream.finishSending() }

    /// The next response, or nil after the last one of a call that ended with OK. Throws any other status,
    /// and CANCELLED when the task is cancelled while it waits.
    public func next() async throws(GRPCStatus) -> Response? {
        guard let frame = try await stream.next() else { return nil }
        do {
            return try GRPCMessageCoding.decode(Response.self, from: frame, encoding: stream.encoding, limits: stream.limits)
        } catch {
            stream.fail(error)
            throw error
        }
    }

    /// Metadata that came before the first response; empty until then.
    public var metadata: GRPCMetadata { stream.metadata }

    /// Metadata that came with the status; empty until then.
    public var trailingMetadata: GRPCMetadata { stream.trailingMetadata }

    /// Gives the call up.
    public func cancel() { stream.fail(.cancelled) }

    /// The response of a call that has exactly one.
    func onlyResponse() async throws(GRPCStatus) -> GRPCResponse<Response> {
        guard let message = try await next() else {
            throw GRPCStatus(.unimplemented, "the response has no message, expected one")
        }
        guard try await next() == nil else {
            throw GRPCStatus(.unimplemented, "the response has more than one message, expected one")
        }
        return GRPCResponse(message: message, metadata: metadata, trailingMetadata: trailingMetadata)
    }
}

extension GRPCClientCall: AsyncSequence {
    public typealias Element = Response

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let call: GRPCClientCall

        public mutating func next() async throws -> Response? { try await call.next() }
    }

    /// The responses, until the call ends with OK.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(call: self) }
}
