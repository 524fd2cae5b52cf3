import NIOCore
import NIOHTTP1

/// A connection that a client made: HTTP/1.1 until the client shows that it speaks HTTP/2.
///
/// Requests are taken one after the other; what a client sends ahead (pipelining) waits unparsed, and
/// reading pauses meanwhile. Confined to its event loop, hence the unchecked Sendable.
final class HTTP1ServerConnection: ChannelDuplexHandler, RemovableChannelHandler, ServerConnection, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Between requests, or while a head arrives.
        case idle
        /// An exchange is under way.
        case exchange
        /// The response is complete, the rest of the request body is thrown away.
        case discarding
        /// Our last byte is sent; what the peer still sends is thrown away until it closes, so that
        /// the kernel does not reset the connection and with it destroy our answer.
        case lingering
        case closed
    }

    /// Bytes of an unwanted request body that are read so that the connection can go on.
    static let discardedBodyBytes = 256 << 10
    /// How long a peer may take to close after our last byte.
    static let lingerTimeout = TimeAmount.seconds(2)

    let shard: ListenerShard
    var shardIndex = -1
    var context: ChannelHandlerContext?

    private(set) var phase = Phase.idle
    private var parser: HTTP1RequestParser
    private var input = ByteBuffer()
    private(set) var exchange: ServerExchange?
    /// Whether the service has been given the exchange.
    private var isHandled = false
    private(set) var isRequestComplete = false
    private var isBodyPaused = false
    /// Bytes of the request body that are still to come; nil when only its end will tell.
    var unreadBodyBytes: Int? { isRequestComplete ? 0 : parser.remainingBodyBytes }
    var awaitsContinue = false
    private var discardedBytes = 0

    /// What the response must know about the request it answers.
    var answersHEAD = false
    var answersHTTP10 = false
    /// No request follows the present one.
    var isLast = false
    /// How the body of a response that is being streamed ends; nil when none is.
    var streamedFraming: HTTP1ResponseWriter.Framing?
    /// Bytes that a streamed response with `content-length` still owes.
    var owedBodyBytes = 0

    private var isInputClosed = false
    private var isProcessing = false
    private(set) var isInReadBurst = false
    private var hasUnflushedWrites = false
    private var isReadHeld = false

    /// The tick at which the present wait began: for the first byte of a head, for more of a body, ...
    private var waitingSince: UInt32
    private var isHeadStarted = false

    init(shard: ListenerShard) {
        self.shard = shard
        parser = HTTP1RequestParser(headerBytes: shard.limits.headerBytes)
        waitingSince = shard.tick
    }

    // MARK: - Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        shard.add(self)
        if shard.isDraining { close() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        shard.remove(self)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInReadBurst = true
        let bytes = unwrapInboundIn(data)
        switch phase {
        case .lingering, .closed: return
        case .idle, .exchange, .discarding:
            if input.readableBytes == 0 { input = bytes } else { input.writeImmutableBuffer(bytes) }
            process()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInReadBurst = false
        readBurstEnded()
    }

    private func readBurstEnded() {
        handOver()
        guard hasUnflushedWrites else { return }
        hasUnflushedWrites = false
        context?.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        input = ByteBuffer()
        shard.remove(self)
        endExchange(WireError(.connectionClosed, "the client closed the connection"))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            inputClosed()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// The client sends nothing more. What it asked for so far is still answered.
    private func inputClosed() {
        isInputClosed = true
        process()
        switch phase {
        case .idle, .discarding, .lingering: close()
        case .exchange where !isRequestComplete:
            endExchange(WireError(.connectionClosed, "the client closed the connection within its request"))
            close()
        case .exchange: exchange?.peerStoppedSending()
        case .closed: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        waitingSince = shard.tick
        let isWritable = context.channel.isWritable
        exchange?.writabilityChanged(isWritable)
        if isWritable { process() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        endExchange(WireError(.connectionClosed, "the connection to the client failed", cause: error))
        close()
    }

    /// Holds reads back while there is nothing that could take their bytes.
    func read(context: ChannelHandlerContext) {
        if mustHoldReads { isReadHeld = true } else { context.read() }
    }

    private var mustHoldReads: Bool {
        switch phase {
        case .idle: input.readableBytes > 0 && !isWritable
        case .exchange: isRequestComplete ? input.readableBytes > 0 : isBodyPaused
        case .discarding, .lingering, .closed: false
        }
    }

    private func releaseReads() {
        guard isReadHeld, !mustHoldReads else { return }
        isReadHeld = false
        context?.read()
    }

    // MARK: - Requests

    /// Takes as much of the input as can be taken now.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        while takesInput, step() {}
        isProcessing = false
        if input.readableBytes == 0 { input = ByteBuffer() }
        if !isInReadBurst { readBurstEnded() }
        releaseReads()
    }

    private var takesInput: Bool {
        switch phase {
        // Who sends requests without reading answers must wait, or the answers would pile up here.
        case .idle: isWritable
        case .exchange: !isRequestComplete && !isBodyPaused
        case .discarding: true
        case .lingering, .closed: false
        }
    }

    /// One event of the parser; false when it needs more bytes.
    private func step() -> Bool {
        switch parser.next(&input) {
        case .needsMore:
            noteHeadProgress()
            return false
        case .head(let request): begin(request)
        case .body(let chunk): bodyReceived(chunk)
        case .end(let trailers): requestEnded(trailers)
        case .http2Preface:
            guard shard.isHTTP2Enabled else {
                reject(HTTP1Violation(.httpVersionNotSupported, "HTTP/2 is not spoken here"))
                return false
            }
            changeToHTTP2()
            return false
        case .invalid(let violation):
            reject(violation)
            return false
        }
        return true
    }

    /// Starts the clock for a head with its first byte.
    private func noteHeadProgress() {
        guard phase == .idle, parser.isInsideHead, !isHeadStarted else { return }
        isHeadStarted = true
        waitingSince = shard.tick
    }

    private func begin(_ request: HTTP1Request) {
        isHeadStarted = false
        isHandled = false
        isRequestComplete = false
        isBodyPaused = false
        awaitsContinue = request.expectsContinue
        answersHEAD = request.head.method == .HEAD
        answersHTTP10 = request.head.version == .http1_0
        isLast = !request.isKeepAlive || shard.isDraining
        if upgrade(request) { return }
        phase = .exchange
        waitingSince = shard.tick
        exchange = ServerExchange(
            head: request.head, http2Headers: nil, isSecure: shard.isSecure, context: shard.context, limits: shard.limits,
            observer: shard.observer, driver: self)
    }

    private func bodyReceived(_ chunk: ByteBuffer) {
        waitingSince = shard.tick
        awaitsContinue = false
        if let exchange { return exchange.received(chunk) }
        discardedBytes += chunk.readableBytes
        if discardedBytes > Self.discardedBodyBytes { closeAfterWrites() }
    }

    private func requestEnded(_ trailers: HTTPHeaders?) {
        isRequestComplete = true
        awaitsContinue = false
        if phase == .discarding { return becomeIdle() }
        exchange?.receivedEnd(trailers: trailers)
        handOver()
    }

    /// Gives the exchange to the service, once. A request that came whole in one read is given whole;
    /// otherwise the body follows.
    private func handOver() {
        guard phase == .exchange, !isHandled, let exchange else { return }
        isHandled = true
        shard.service.handle(exchange)
    }

    // MARK: - The end of an exchange

    func exchangeFinished() {
        exchange = nil
        streamedFraming = nil
        guard phase == .exchange else { return }
        if isRequestComplete {
            if isLast { closeAfterWrites() } else { becomeIdle() }
        } else if isLast {
            closeAfterWrites()
        } else {
            phase = .discarding
            isBodyPaused = false
            discardedBytes = 0
        }
        process()
    }

    private func becomeIdle() {
        phase = .idle
        waitingSince = shard.tick
        if shard.isDraining || (isInputClosed && input.readableBytes == 0) { closeAfterWrites() }
    }

    private func endExchange(_ error: WireError) {
        let ended = exchange
        exchange = nil
        streamedFraming = nil
        ended?.failed(error)
    }

    /// Answers bytes that are not a request, and closes.
    private func reject(_ violation: HTTP1Violation) {
        if let limit = violation.limit { shard.observer.limitExceeded(limit) }
        let isAnswerable = phase == .idle || (phase == .exchange && exchange?.hasResponded == false)
        endExchange(WireError(.malformed, violation.message))
        guard isAnswerable else { return phase == .discarding ? closeAfterWrites() : close() }
        isLast = true
        answersHEAD = false
        sendWhole(
            violation.status, ["content-type": "text/plain; charset=utf-8"], body: ByteBuffer(string: violation.message + "\n"))
        closeAfterWrites()
    }

    func setReading(_ isReading: Bool) {
        guard phase == .exchange, !isRequestComplete else { return }
        isBodyPaused = !isReading
        guard isReading else { return }
        if awaitsContinue, exchange?.hasResponded == false {
            awaitsContinue = false
            sendContinue()
        }
        waitingSince = shard.tick
        process()
    }

    func abort(_ error: WireError) { close() }

    // MARK: - Writing

    func write(_ buffer: ByteBuffer) { context?.write(wrapOutboundOut(buffer), promise: nil) }

    /// Flushes once per read burst, and once for all pipelined requests that are answered at once.
    func flush() {
        if isInReadBurst || isProcessing { hasUnflushedWrites = true } else { context?.flush() }
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }
    var peerAddress: SocketAddress? { context?.channel.remoteAddress }

    // MARK: - Closing

    /// Closes once everything written has left, and then waits a little for the peer to close too.
    func closeAfterWrites() {
        guard phase != .lingering, phase != .closed, let context else { return }
        phase = .lingering
        waitingSince = shard.tick
        input = ByteBuffer()
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
        hasUnflushedWrites = false
        written.futureResult.assumeIsolated().whenComplete { [self] _ in
            guard phase == .lingering, let context = self.context else { return }
            if isInputClosed { close() } else { context.close(mode: .output, promise: nil) }
        }
        releaseReads()
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        context?.close(promise: nil)
    }

    func drain() {
        switch phase {
        case .idle where input.readableBytes == 0: closeAfterWrites()
        case .idle, .exchange, .discarding: isLast = true
        case .lingering, .closed: break
        }
    }

    func sweep() {
        let limits = shard.limits
        switch phase {
        case .idle where isHeadStarted:
            guard shard.hasPassed(limits.headerReadTimeout, since: waitingSince) else { return }
            reject(HTTP1Violation(.requestTimeout, "the request headers did not arrive in time", limit: .headerReadTimeout))
        case .idle:
            if shard.hasPassed(limits.idleTimeout, since: waitingSince) { closeIdle() }
        case .exchange where !isRequestComplete && !isBodyPaused:
            guard shard.hasPassed(limits.idleTimeout, since: waitingSince) else { return }
            reject(HTTP1Violation(.requestTimeout, "the request body stopped arriving", limit: .idleTimeout))
        case .exchange, .discarding:
            if !isWritable || phase == .discarding, shard.hasPassed(limits.idleTimeout, since: waitingSince) { closeIdle() }
        case .lingering:
            if shard.hasPassed(Self.lingerTimeout, since: waitingSince) { close() }
        case .closed: break
        }
    }

    private func closeIdle() {
        shard.observer.limitExceeded(.idleTimeout)
        close()
    }

    // MARK: - HTTP/2

    /// Takes up an offer of `Upgrade: h2c`, where there is one that can be.
    private func upgrade(_ request: HTTP1Request) -> Bool {
        guard let settings = request.http2Settings, shard.isHTTP2Enabled, !shard.isSecure, !isLast, request.body == .none,
            let upgrade = HTTP2Upgrade(settings: settings, request: request.head)
        else { return false }
        write(Self.switchingHead)
        changeToHTTP2(upgrade)
        return true
    }

    private static let switchingHead = ByteBuffer(
        staticString: "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n")

    /// Puts the handler of HTTP/2 into this handler's place and gives it what was read.
    private func changeToHTTP2(_ upgrade: HTTP2Upgrade? = nil) {
        guard let context else { return }
        let bytes = input
        input = ByteBuffer()
        phase = .closed
        do {
            let connection = try ServerPipeline.addHTTP2(after: self, shard: shard, to: context.channel, upgrade: upgrade)
            shard.replace(self, with: connection)
            if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
            if !isInReadBurst { context.fireChannelReadComplete() }
            if shard.isDraining { connection.drain() }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}
