import NIOCore
import NIOHTTP1

/// An HTTP/1 connection to an origin: carries one exchange at a time, and is the only handler of its
/// channel (above TLS), because every further handler costs each request.
///
/// Lives on its channel's event loop; hence the unchecked Sendable.
final class HTTP1ClientConnection: ChannelDuplexHandler, ClientExchangeDriver, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Body pieces up to this size are copied behind the head, so that both leave as one buffer.
    private static let inlineBodyBytes = 2 << 10

    private let pool: OriginPool
    private let authority: String
    private var channelContext: ChannelHandlerContext?
    private var parser: HTTP1ResponseParser
    private var exchange: ClientExchange?
    private var framing = HTTP1RequestEncoder.Framing.none
    private var sentBodyBytes = 0
    private var isRequestComplete = true
    /// Whether an earlier request was served; only then can the peer have closed out of idleness.
    private var isReused = false
    /// Bytes that are not given to the channel yet. The storage is used again for the next head.
    private var outbound = ByteBuffer()
    private var isReading = true
    private var hasPendingRead = false
    private var isClosed = false
    private var transportError: (any Error)?

    init(pool: OriginPool, authority: String, headerLimit: Int) {
        self.pool = pool
        self.authority = authority
        self.parser = HTTP1ResponseParser(headerLimit: headerLimit)
    }

    // MARK: - From the pool

    func start(_ exchange: ClientExchange) {
        guard let channelContext, !isClosed else {
            return exchange.failed(WireError(.connectionClosed, "the connection is closed"))
        }
        outbound.clear()
        do throws(WireError) {
            framing = try HTTP1RequestEncoder.encode(
                exchange.head, hasBody: exchange.hasBody, authority: authority, into: &outbound)
        } catch {
            let malformed = error
            pool.released(.http1(self))
            channelContext.eventLoop.execute { exchange.failed(malformed) }
            return
        }
        self.exchange = exchange
        sentBodyBytes = 0
        parser.expectResponse(toHead: exchange.head.method == .HEAD)
        isRequestComplete = !exchange.hasBody
        if isRequestComplete { flush() }
        exchange.attached(to: self)
    }

    func close() {
        guard let channelContext, !isClosed else { return }
        noteClosed()
        channelContext.close(promise: nil)
    }

    /// The pool hears of the end at once, not when the channel has gone down, so that it hands out no
    /// dying connection.
    private func noteClosed() {
        guard !isClosed else { return }
        isClosed = true
        pool.closed(.http1(self))
    }

    // MARK: - ClientExchangeDriver

    var isWritable: Bool { channelContext?.channel.isWritable ?? false }

    func sendBody(_ chunk: ByteBuffer) {
        guard !isClosed, !isRequestComplete, chunk.readableBytes > 0 else { return }
        sentBodyBytes += chunk.readableBytes
        switch framing {
        case .none: break
        case .length(let length):
            if sentBodyBytes > length { return failBodyLength(length) }
            append(chunk)
        case .chunked:
            prepareOutbound()
            outbound.writeString(String(chunk.readableBytes, radix: 16))
            outbound.writeStaticString("\r\n")
            append(chunk)
            prepareOutbound()
            outbound.writeStaticString("\r\n")
        }
    }

    func sendEnd(trailers: HTTPHeaders?) {
        guard !isClosed, !isRequestComplete else { return }
        isRequestComplete = true
        switch framing {
        case .none: break
        case .length(let length): if sentBodyBytes < length { return failBodyLength(length) }
        case .chunked:
            prepareOutbound()
            outbound.writeStaticString("0\r\n")
            if let trailers { writeTrailers(trailers) }
            outbound.writeStaticString("\r\n")
        }
        flush()
    }

    func flush() {
        guard let channelContext, !isClosed else { return }
        writeOutbound(channelContext)
        channelContext.flush()
    }

    func setReading(_ isReading: Bool) {
        guard self.isReading != isReading else { return }
        self.isReading = isReading
        guard isReading, hasPendingRead else { return }
        hasPendingRead = false
        channelContext?.read()
    }

    func cancel() {
        exchange = nil
        close()
    }

    private func append(_ chunk: ByteBuffer) {
        if chunk.readableBytes <= Self.inlineBodyBytes {
            prepareOutbound()
            outbound.writeImmutableBuffer(chunk)
        } else if let channelContext {
            writeOutbound(channelContext)
            channelContext.write(wrapOutboundOut(chunk), promise: nil)
        }
    }

    private func writeOutbound(_ channelContext: ChannelHandlerContext) {
        guard outbound.readableBytes > 0 else { return }
        channelContext.write(wrapOutboundOut(outbound), promise: nil)
        outbound.moveReaderIndex(to: outbound.writerIndex)
    }

    /// Before bytes are added: what was written may still be referred to by the channel, so its storage
    /// is taken again only when it is free.
    private func prepareOutbound() {
        if outbound.readableBytes == 0 { outbound.clear() }
    }

    private func writeTrailers(_ trailers: HTTPHeaders) {
        outbound.writeWithUnsafeMutableBytes(minimumWritableBytes: HTTP1FieldWriter.bytes(of: trailers)) { memory in
            var writer = HTTP1FieldWriter(memory)
            for (name, value) in trailers { writer.writeField(name, value) }
            return writer.isMalformed ? 0 : writer.count
        }
    }

    /// The length was promised in the head already; the connection cannot be used on.
    private func failBodyLength(_ length: Int) {
        fail(WireError(.malformed, "the request's body is not as long as its content-length of \(length) says"))
    }

    // MARK: - Channel

    func handlerAdded(context: ChannelHandlerContext) { channelContext = context }

    func handlerRemoved(context: ChannelHandlerContext) { channelContext = nil }

    func read(context: ChannelHandlerContext) {
        if isReading { context.read() } else { hasPendingRead = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else {
            // Nobody asked for anything: the peer's idea of this connection is not ours.
            return close()
        }
        parser.receive(unwrapInboundIn(data))
        do throws(WireError) {
            while self.exchange === exchange, let event = try parser.next() { deliver(event, to: exchange) }
        } catch {
            fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { exchange?.responseBatchEnded() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        exchange?.writabilityChanged(context.channel.isWritable)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        transportError = error
        noteClosed()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        noteClosed()
        guard let exchange else { return }
        self.exchange = nil
        do throws(WireError) {
            if case .end(let trailers) = try parser.receivedEOF() {
                exchange.responseEnded(trailers: trailers)
            }
        } catch {
            if isReused, !parser.hasReceivedBytes, exchange.isReplayable(wasRefused: false) {
                return pool.retry(exchange)
            }
            exchange.failed(WireError(error.code, error.message, cause: transportError))
        }
    }

    private func deliver(_ event: HTTP1ResponseParser.Event, to exchange: ClientExchange) {
        switch event {
        case .head(let head): exchange.responseStarted(head)
        case .body(let chunk): exchange.responseBody(chunk)
        case .end(let trailers):
            self.exchange = nil
            // Given back before the end is told, so that a request that follows at once finds it.
            if parser.allowsReuse, isRequestComplete, !parser.hasStrayBytes, !isClosed {
                isReused = true
                setReading(true)
                pool.released(.http1(self))
            } else {
                close()
            }
            exchange.responseEnded(trailers: trailers)
        }
    }

    private func fail(_ error: WireError) {
        let exchange = exchange
        self.exchange = nil
        close()
        exchange?.failed(error)
    }
}
