import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// A stream that a client opened; carries one exchange. Lives on the connection's loop.
final class HTTP2ServerStream: ServerExchangeDriver {
    let id: HTTP2StreamID
    private let connection: HTTP2ServerConnection
    private let answersHEAD: Bool

    /// Nil once the response is complete or the stream is gone.
    private(set) var exchange: ServerExchange?
    private var isHandled = false
    private(set) var isRequestComplete = false
    private var isResponseComplete = false
    private var expectsContinue: Bool

    /// Received bytes for which the peer has not been given new window yet.
    private var unreturnedBytes = 0
    private var isBodyPaused = false

    /// The head of a streamed response until something follows it or it is flushed, so that a response that ends with its
    /// head is one frame: in gRPC, the fields of such a head are its trailers.
    private var heldHead: HPACKHeaders?

    /// Bytes given to the codec that flow control or the socket holds back.
    private(set) var pendingBytes = 0
    private(set) var isBlocked = false

    /// The tick at which the present wait for the peer began.
    private var waitingSince: UInt32

    init(id: HTTP2StreamID, connection: HTTP2ServerConnection, request: HTTP2RequestSummary) {
        self.id = id
        self.connection = connection
        answersHEAD = request.isHEAD
        expectsContinue = request.expectsContinue
        waitingSince = connection.shard.tick
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

    /// `flowBytes` counts padding too.
    func received(_ chunk: ByteBuffer, flowBytes: Int) {
        waitingSince = connection.shard.tick
        expectsContinue = false
        unreturnedBytes += flowBytes
        connection.withheldBytes += flowBytes
        if chunk.readableBytes > 0 { exchange?.received(chunk) }
    }

    func requestEnded(trailers: HTTPHeaders?) {
        isRequestComplete = true
        connection.returnWindow(unreturnedBytes)
        unreturnedBytes = 0
        exchange?.receivedEnd(trailers: trailers)
        handOver()
    }

    func setReading(_ isReading: Bool) {
        isBodyPaused = !isReading
        guard isReading, !isRequestComplete else { return }
        waitingSince = connection.shard.tick
        if expectsContinue, exchange?.hasResponded == false {
            expectsContinue = false
            connection.write(.headers(.init(headers: [":status": "100"])), on: id)
            connection.flush()
        }
        returnWindowIfDue()
    }

    /// Lets the peer send on after half of the window is consumed.
    func returnWindowIfDue() {
        guard !isBodyPaused, !isRequestComplete, unreturnedBytes >= connection.shard.limits.streamWindowBytes / 2 else { return }
        let bytes = unreturnedBytes
        unreturnedBytes = 0
        connection.write(.windowUpdate(windowSizeIncrement: bytes), on: id)
        connection.returnWindow(bytes)
        connection.flush()
    }

    // MARK: - Response

    var isWritable: Bool { !isBlocked && connection.isChannelWritable }
    var peerAddress: SocketAddress? { connection.peerAddress }

    func sendWhole(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, body: ByteBuffer?) {
        let mayHaveBody = status.mayHaveResponseBody
        let fields = HPACKHeaders(
            status: status, fields: headers, contentLength: mayHaveBody ? body?.readableBytes ?? 0 : nil)
        sendHTTP2(fields, body: mayHaveBody && !answersHEAD ? body : nil, trailers: nil)
    }

    func sendHead(_ head: HTTPResponseHead) {
        heldHead = HPACKHeaders(status: head.status, fields: head.headers, contentLength: nil)
    }

    private func writeHeldHead() {
        guard let head = heldHead else { return }
        heldHead = nil
        connection.write(.headers(.init(headers: head)), on: id)
    }

    func sendBody(_ chunk: ByteBuffer) {
        guard !answersHEAD, chunk.readableBytes > 0 else { return }
        writeHeldHead()
        sendData(chunk, endStream: false)
    }

    func sendEnd(trailers: HTTPHeaders?) {
        isResponseComplete = true
        let trailers = answersHEAD ? nil : trailers
        if let head = heldHead, trailers == nil {
            heldHead = nil
            connection.write(.headers(.init(headers: head, endStream: true)), on: id)
            return connection.flush()
        }
        writeHeldHead()
        if let trailers {
            connection.write(.headers(.init(headers: HPACKHeaders(responseTrailers: trailers), endStream: true)), on: id)
        } else {
            sendData(ByteBuffer(), endStream: true)
        }
        connection.flush()
    }

    func sendHTTP2(_ headers: HPACKHeaders, body: ByteBuffer?, trailers: HPACKHeaders?) {
        isResponseComplete = true
        let bodyBytes = body?.readableBytes ?? 0
        connection.write(.headers(.init(headers: headers, endStream: bodyBytes == 0 && trailers == nil)), on: id)
        if let body, bodyBytes > 0 { sendData(body, endStream: trailers == nil) }
        if let trailers { connection.write(.headers(.init(headers: trailers, endStream: true)), on: id) }
        connection.flush()
    }

    func sendHTTP2Headers(_ headers: HPACKHeaders, endStream: Bool) {
        writeHeldHead()
        if endStream { isResponseComplete = true }
        connection.write(.headers(.init(headers: headers, endStream: endStream)), on: id)
        if endStream { connection.flush() }
    }

    private func sendData(_ chunk: ByteBuffer, endStream: Bool) {
        let bytes = chunk.readableBytes
        if pendingBytes == 0 { waitingSince = connection.shard.tick }
        pendingBytes += bytes
        connection.pendingBytes += bytes
        connection.write(.data(.init(data: .byteBuffer(chunk), endStream: endStream)), on: id)
        guard !endStream, !isBlocked, pendingBytes >= connection.shard.limits.bufferedBodyBytes else { return }
        // What one flush can get rid of does not count as blocked.
        connection.flushNow()
        guard pendingBytes >= connection.shard.limits.bufferedBodyBytes else { return }
        isBlocked = true
        exchange?.writabilityChanged(false)
    }

    func flush() {
        writeHeldHead()
        connection.flush()
    }

    /// The codec has put `bytes` of ours on the wire. True if the stream may be told to go on.
    func wrote(_ bytes: Int) -> Bool {
        pendingBytes -= bytes
        waitingSince = connection.shard.tick
        return isBlocked && pendingBytes <= connection.shard.limits.bufferedBodyBytes / 2
    }

    func unblock() {
        guard isBlocked, pendingBytes <= connection.shard.limits.bufferedBodyBytes / 2 else { return }
        isBlocked = false
        exchange?.writabilityChanged(connection.isChannelWritable)
    }

    func channelWritabilityChanged(_ isWritable: Bool) {
        if !isBlocked { exchange?.writabilityChanged(isWritable) }
    }

    // MARK: - The end

    func exchangeFinished() {
        exchange = nil
        isBodyPaused = false
        returnWindowIfDue()
    }

    func abort(_ error: WireError) {
        exchange = nil
        let code: HTTP2ErrorCode =
            switch error.code {
            case .cancelled, .timeout, .closing: .cancel
            case .refused: .refusedStream
            case .overloaded: .enhanceYourCalm
            default: .internalError
            }
        connection.reset(self, code)
    }

    /// The stream is gone, by the peer's will or with the connection.
    func closed(_ error: WireError) {
        connection.pendingBytes -= pendingBytes
        connection.returnWindow(unreturnedBytes)
        pendingBytes = 0
        unreturnedBytes = 0
        fail(error)
    }

    /// The request turned out to be none; the connection resets the stream.
    func fail(_ error: WireError) {
        let ended = exchange
        exchange = nil
        ended?.failed(error)
    }

    /// Gives up on a peer that lets the stream stand still.
    func sweep() {
        let shard = connection.shard
        let waitsForBody = !isRequestComplete && !isBodyPaused && exchange?.mayStandStill == false
        guard waitsForBody || pendingBytes > 0, shard.hasPassed(shard.limits.idleTimeout, since: waitingSince) else { return }
        shard.observer.limitExceeded(.idleTimeout)
        if pendingBytes == 0, let exchange, !exchange.hasResponded {
            exchange.respond(status: .requestTimeout)
        } else {
            fail(WireError(.timeout, "the client let the stream stand still"))
            connection.reset(self, .cancel)
        }
    }
}
