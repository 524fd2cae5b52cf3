import NIOCore
import NIOHPACK
import NIOHTTP1

/// A stream that a client opened; carries one exchange. Lives on the connection's loop.
final class HTTP2ServerStream: ServerExchangeDriver {
    let id: UInt32
    private let connection: HTTP2ServerConnection
    private let answersHEAD: Bool

    /// Nil once the response is complete or the stream is gone.
    private(set) var exchange: ServerExchange?
    private var isHandled = false
    private var expectsContinue: Bool

    /// The head of a streamed response until something follows it or it is flushed, so that a response that ends with its
    /// head is one frame: in gRPC, the fields of such a head are its trailers.
    private var heldHead: HTTPResponseHead?

    init(id: UInt32, connection: HTTP2ServerConnection, request: HTTP2RequestSummary) {
        self.id = id
        self.connection = connection
        answersHEAD = request.isHEAD
        expectsContinue = request.expectsContinue
    }

    // MARK: - Request

    func begin(_ headers: HPACKHeaders) {
        let shard = connection.shard
        exchange = ServerExchange(
            head: nil, http2Headers: headers, isSecure: shard.isSecure, context: shard.context, limits: shard.limits,
            observer: shard.observer, driver: self)
    }

    /// Gives the exchange to the service, once.
    func handOver() {
        guard !isHandled, let exchange else { return }
        isHandled = true
        connection.shard.service.handle(exchange)
    }

    func received(_ chunk: ByteBuffer) {
        expectsContinue = false
        if chunk.readableBytes > 0 { exchange?.received(chunk) }
    }

    func requestEnded(trailers: HTTPHeaders?) {
        expectsContinue = false
        exchange?.receivedEnd(trailers: trailers)
        handOver()
    }

    func setReading(_ isReading: Bool) {
        if isReading, expectsContinue, exchange?.hasResponded == false {
            expectsContinue = false
            connection.sendHeaders(on: self, isEnd: false) { encoder, out in encoder.append(status: 100, into: &out) }
            connection.flush()
        }
        connection.setReading(isReading, on: self)
    }

    // MARK: - Response

    var isWritable: Bool { connection.isWritable(self) }
    var peerAddress: SocketAddress? { connection.peerAddress }

    func sendWhole(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, body: ByteBuffer?) {
        let mayHaveBody = status.mayHaveResponseBody
        let length = mayHaveBody ? body?.readableBytes ?? 0 : nil
        let body = mayHaveBody && !answersHEAD ? body : nil
        let hasBody = body?.readableBytes ?? 0 > 0
        connection.sendHeaders(on: self, isEnd: !hasBody) { encoder, out in
            encoder.append(status: status, fields: headers, contentLength: length, into: &out)
        }
        if let body, hasBody { sendData(body, isEnd: true) }
        connection.flush()
    }

    func sendHead(_ head: HTTPResponseHead) { heldHead = head }

    private func writeHeldHead(isEnd: Bool = false) {
        guard let head = heldHead else { return }
        heldHead = nil
        connection.sendHeaders(on: self, isEnd: isEnd) { encoder, out in
            encoder.append(status: head.status, fields: head.headers, contentLength: nil, into: &out)
        }
    }

    func sendBody(_ chunk: ByteBuffer) {
        guard !answersHEAD, chunk.readableBytes > 0 else { return }
        writeHeldHead()
        sendData(chunk, isEnd: false)
    }

    func sendEnd(trailers: HTTPHeaders?) {
        let trailers = answersHEAD ? nil : trailers
        if heldHead != nil, trailers == nil {
            writeHeldHead(isEnd: true)
        } else {
            writeHeldHead()
            if let trailers { connection.sendTrailers(.http(trailers), on: self) } else { sendData(ByteBuffer(), isEnd: true) }
        }
        connection.flush()
    }

    func sendHTTP2(_ headers: HPACKHeaders, body: ByteBuffer?, trailers: HPACKHeaders?) {
        let hasBody = body?.readableBytes ?? 0 > 0
        connection.sendHeaders(on: self, isEnd: !hasBody && trailers == nil) { encoder, out in
            encoder.append(headers, into: &out)
        }
        if let body, hasBody { sendData(body, isEnd: trailers == nil) }
        if let trailers { connection.sendTrailers(.native(trailers), on: self) }
        connection.flush()
    }

    func sendHTTP2Headers(_ headers: HPACKHeaders, endStream: Bool) {
        writeHeldHead()
        guard endStream else {
            return connection.sendHeaders(on: self, isEnd: false) { encoder, out in encoder.append(headers, into: &out) }
        }
        connection.sendTrailers(.native(headers), on: self)
        connection.flush()
    }

    private func sendData(_ chunk: ByteBuffer, isEnd: Bool) {
        if connection.sendData(chunk, isEnd: isEnd, on: self) { exchange?.writabilityChanged(false) }
    }

    func flush() {
        writeHeldHead()
        connection.flush()
    }

    /// What was written has left so far that the writer may go on.
    func unblocked() { exchange?.writabilityChanged(isWritable) }

    func channelWritabilityChanged(_ isChannelWritable: Bool) {
        exchange?.writabilityChanged(isChannelWritable && isWritable)
    }

    // MARK: - The end

    func exchangeFinished() {
        exchange = nil
        connection.setReading(true, on: self)
    }

    func abort(_ error: WireError) {
        exchange = nil
        let code: HTTP2Code =
            switch error.code {
            case .cancelled, .timeout, .closing: .cancel
            case .refused: .refusedStream
            case .overloaded: .enhanceYourCalm
            default: .internalError
            }
        connection.reset(self, code)
    }

    /// The stream is gone.
    func fail(_ error: WireError) {
        let ended = exchange
        exchange = nil
        ended?.failed(error)
    }

    /// Gives up on a peer that lets the stream stand still.
    func sweep() {
        let shard = connection.shard
        guard let standing = connection.standing(of: self) else { return }
        let waitsForBody = !standing.isRequestComplete && !standing.isPaused && exchange?.mayStandStill == false
        guard waitsForBody || standing.pendingBytes > 0, shard.hasPassed(shard.limits.idleTimeout, since: standing.waitingSince)
        else { return }
        shard.observer.limitExceeded(.idleTimeout)
        if standing.pendingBytes == 0, let exchange, !exchange.hasResponded {
            exchange.respond(status: .requestTimeout)
        } else {
            fail(WireError(.timeout, "the client let the stream stand still"))
            connection.reset(self, .cancel)
        }
    }
}
