import NIOCore
import NIOHTTP1

/// Takes a message body as it arrives, on the exchange's event loop. Exactly one of `bodyEnded` and
/// `bodyFailed` comes last.
public protocol BodySink: AnyObject {
    func bodyReceived(_ chunk: ByteBuffer)
    func bodyEnded(trailers: HTTPHeaders?)
    func bodyFailed(_ error: WireError)
    /// The other direction (our response) can take more, or should pause.
    func writabilityChanged(_ isWritable: Bool)
    /// The peer gave up after its request was complete and before our response was; nothing comes
    /// after this.
    func exchangeFailed(_ error: WireError)
}

extension BodySink {
    public func exchangeFailed(_ error: WireError) {}
}
