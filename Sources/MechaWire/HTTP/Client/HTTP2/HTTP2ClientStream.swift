import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// One exchange on an HTTP/2 connection. Lives on the connection's loop.
final class HTTP2ClientStream: ClientExchangeDriver {
    let id: HTTP2StreamID
    /// Nil once the exchange was told its end, or gave up.
    private(set) var exchange: ClientExchange?
    private let connection: HTTP2ClientConnection
    private let window: Int
    private let outboundLimit: Int

    private var hasResponseHead = false
    private var isRequestComplete: Bool
    /// The latest piece of the body, held back so that the end of the stream can ride on it.
    private var heldChunk: ByteBuffer?
    /// Body bytes given to the connection that flow control has not let through.
    private var queuedBytes = 0
    private var isBlocked = false
    private var isReading = true
    /// Response bytes that the peer has not been given room for again.
    private var unacknowledgedBytes = 0
    /// Whether the connection will tell this stream that a read is over.
    var isInReadBatch = false

    init(id: HTTP2StreamID, exchange: ClientExchange, connection: HTTP2ClientConnection, window: Int, outboundLimit: Int) {
        self.id = id
        self.exchange = exchange
        self.connection = connection
        self.window = window
        self.outboundLimit = outboundLimit
        self.isRequestComplete = !exchange.hasBody
    }

    var hasBegunResponse: Bool { hasResponseHead }

    // MARK: - ClientExchangeDriver

    var isWritable: Bool { queuedBytes < outboundLimit }

    func sendBody(_ chunk: ByteBuffer) {
        guard !isRequestComplete, chunk.readableBytes > 0 else { return }
        writeHeld()
        heldChunk = chunk
        queuedBytes += chunk.readableBytes
        if !isWritable { isBlocked = true }
    }

    func sendEnd(trailers: HTTPHeaders?) {
        guard !isRequestComplete else { return }
        isRequestComplete = true
        if let trailers {
            writeHeld()
            connection.write(.headers(.init(headers: HPACKHeaders(trailers: trailers), endStream: true)), on: id)
        } else {
            let last = heldChunk ?? ByteBuffer()
            heldChunk = nil
            connection.write(.data(.init(data: .byteBuffer(last), endStream: true)), on: id)
        }
        connection.flushSoon()
    }

    func flush() {
        writeHeld()
        connection.flushSoon()
    }

    func setReading(_ isReading: Bool) {
        self.isReading = isReading
        if isReading { acknowledge() }
    }

    func cancel() {
        exchange = nil
        connection.reset(id, .cancel)
    }

    private func writeHeld() {
        guard let chunk = heldChunk else { return }
        heldChunk = nil
        connection.write(.data(.init(data: .byteBuffer(chunk))), on: id)
    }

    // MARK: - From the connection

    /// Body bytes left for the peer. True when the exchange should hear that it may write again.
    func sent(_ bytes: Int) -> Bool {
        queuedBytes -= bytes
        guard isBlocked, queuedBytes <= outboundLimit / 2 else { return false }
        isBlocked = false
        return true
    }

    func received(_ headers: HPACKHeaders, endsStream: Bool) {
        guard let exchange else { return }
        if hasResponseHead {
            if endsStream { end(trailers: HTTPHeaders(http2ResponseTrailers: headers)) }
            return
        }
        guard let head = HTTPResponseHead(http2: headers), head.status.code >= 200 || !endsStream else {
            fail(WireError(.malformed, "the peer's response has no valid status or content-length"))
            return connection.reset(id, .protocolError)
        }
        if head.status.code < 200 { return }
        hasResponseHead = true
        exchange.responseStarted(head)
        if endsStream { end(trailers: nil) }
    }

    func received(_ data: ByteBuffer, flowControlledBytes: Int, endsStream: Bool) {
        if data.readableBytes > 0 { exchange?.responseBody(data) }
        if endsStream { return end(trailers: nil) }
        unacknowledgedBytes += flowControlledBytes
        if isReading || exchange == nil { acknowledge() }
    }

    /// Gives the peer room for what was taken, in steps of half a window.
    private func acknowledge() {
        guard unacknowledgedBytes >= window / 2 else { return }
        connection.write(.windowUpdate(windowSizeIncrement: unacknowledgedBytes), on: id)
        unacknowledgedBytes = 0
        connection.flushSoon()
    }

    private func end(trailers: HTTPHeaders?) {
        guard let exchange else { return }
        self.exchange = nil
        if !isRequestComplete {
            // The peer has answered without waiting for all of the request; nobody wants the rest.
            isRequestComplete = true
            connection.reset(id, .cancel)
        }
        exchange.responseEnded(trailers: trailers)
    }

    func fail(_ error: WireError) {
        let exchange = exchange
        self.exchange = nil
        exchange?.failed(error)
    }

    /// The exchange leaves the stream to be sent elsewhere.
    func release() -> ClientExchange? {
        defer { exchange = nil }
        return exchange
    }
}
