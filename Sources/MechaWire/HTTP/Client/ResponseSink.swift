import NIOCore
import NIOHTTP1

/// Takes the response to an outgoing request as it arrives, on the exchange's event loop. Exactly one
/// of `responseEnded` and `responseFailed` comes last. 1xx responses are not reported.
public protocol ResponseSink: AnyObject {
    /// A connection took the request (once more, when it was sent again on another one). Until then
    /// nothing of its body has gone anywhere.
    func requestStarted()
    func responseStarted(_ head: HTTPResponseHead)
    func responseBody(_ chunk: ByteBuffer)
    func responseEnded(trailers: HTTPHeaders?)
    func responseFailed(_ error: WireError)
    /// The request body can be sent on, or should pause.
    func requestWritabilityChanged(_ isWritable: Bool)
    /// Everything that came with one read has been delivered and the response goes on: whoever passes
    /// it on flushes here, once per read and not once per piece.
    func responseBatchEnded()
}

extension ResponseSink {
    public func requestStarted() {}
    public func responseBatchEnded() {}
}
