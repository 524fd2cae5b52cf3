import NIOCore
import SwiftProtobuf

/// The requests of a call, read as the handler asks for them: the client is held back meanwhile.
///
/// For one reader, on the call's event loop; hence the unchecked Sendable.
public final class GRPCRequestStream<Request: Message>: AsyncSequence, @unchecked Sendable {
    private let call: GRPCServerCall
    private var decoder: GRPCFrameDecoder

    init(_ call: GRPCServerCall) {
        self.call = call
        decoder = GRPCFrameDecoder(limitBytes: call.limits.receivedMessageBytes)
    }

    /// The next request, or nil after the client's last. Throws when the call is over, and CANCELLED when
    /// the task is cancelled while it waits.
    public func next() async throws(GRPCStatus) -> Request? {
        while true {
            if let frame = try nextFrame() {
                return try GRPCMessageCoding.decode(
                    Request.self, from: frame, encoding: call.requestEncoding, limits: call.limits)
            }
            guard let chunk = try await nextChunk() else {
                guard decoder.isAtBoundary else { throw GRPCStatus(.internal, "the request ends within a message") }
                return nil
            }
            decoder.append(chunk)
        }
    }

    private func nextFrame() throws(GRPCStatus) -> GRPCFrame? {
        do {
            return try decoder.next()
        } catch {
            if error.code == .resourceExhausted { call.exchange.limitExceeded(.messageBytes) }
            throw error
        }
    }

    private func nextChunk() async throws(GRPCStatus) -> ByteBuffer? {
        do {
            return try await call.exchange.nextBodyChunk()
        } catch {
            throw GRPCStatus(error)
        }
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let stream: GRPCRequestStream

        public mutating func next() async throws -> Request? { try await stream.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }
}
