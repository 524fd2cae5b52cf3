import NIOCore
import NIOHPACK
import NIOHTTP1

/// What carries a ``ServerExchange``: an HTTP/1.1 connection or an HTTP/2 stream. All calls are made on
/// the event loop. After `sendWhole`, `sendEnd` or `abort` nothing more is sent.
package protocol ServerExchangeDriver: AnyObject {
    var isWritable: Bool { get }
    var peerAddress: SocketAddress? { get }

    /// A complete response with one flush; `content-length` is added unless the status forbids a body.
    func sendWhole(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, body: ByteBuffer?)
    func sendHead(_ head: HTTPResponseHead)
    func sendBody(_ chunk: ByteBuffer)
    func sendEnd(trailers: HTTPHeaders?)
    func flush()
    /// A complete HTTP/2 response in its native form with one flush (the gRPC unary path); HTTP/1.1
    /// carriers are never asked.
    func sendHTTP2(_ headers: HPACKHeaders, body: ByteBuffer?, trailers: HPACKHeaders?)
    func sendHTTP2Headers(_ headers: HPACKHeaders, endStream: Bool)

    /// Stops or resumes taking body bytes from the peer.
    func setReading(_ isReading: Bool)
    /// The response is complete and the exchange has let go of the carrier; the last call of a good exchange.
    func exchangeFinished()
    /// Gives the exchange up: closes the connection (HTTP/1.1) or resets the stream (HTTP/2).
    func abort(_ error: WireError)
}
