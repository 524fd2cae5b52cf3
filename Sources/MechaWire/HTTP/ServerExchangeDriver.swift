import NIOCore
import NIOHPACK
import NIOHTTP1

/// What carries a ``ServerExchange``: an HTTP/1.1 connection or an HTTP/2 stream. All calls are made on
/// the event loop. After `sendEnd` or `abort` nothing more is sent.
package protocol ServerExchangeDriver: AnyObject {
    var isWritable: Bool { get }
    var peerAddress: SocketAddress? { get }

    /// A complete response with one flush; `body` may be empty.
    func sendWhole(_ head: HTTPResponseHead, body: ByteBuffer?)
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
    /// Gives the exchange up: closes the connection (HTTP/1.1) or resets the stream (HTTP/2).
    func abort(_ error: WireError)
}
