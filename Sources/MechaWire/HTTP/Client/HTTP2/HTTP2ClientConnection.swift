import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// An HTTP/2 connection to an origin: many exchanges at once.
///
/// Sits above NIO's frame codec and multiplexes by itself; a channel per stream would cost each request
/// several times what the frames do. Lives on its channel's event loop; hence the unchecked Sendable.
final class HTTP2ClientConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// Receive window of the whole connection. Bytes count as taken when a stream has them, so a slow
    /// stream takes nothing away from the others.
    static let connectionWindowBytes = 1 << 20
    /// Streams that NIO's codec opens as long as the peer does not say how many it allows.
    static let presumedStreamLimit = 100

    private let pool: OriginPool
    private let scheme: String
    private let authority: String
    private let limits: WireLimits
    private var channelContext: ChannelHandlerContext?
    private var streams: [HTTP2StreamID: HTTP2ClientStream] = [:]
    private var nextStreamID = 1
    /// Streams that got something with the read that is being handled.
    private var readBatch: [HTTP2ClientStream] = []
    private var unblocked: [HTTP2ClientStream] = []
    /// A stream that closed before its response was complete, until it is told so.
    private var closedStream: HTTP2ClientStream?
    private(set) var streamLimit: Int
    private var isFlushScheduled = false
    private var isAccepting = true
    private var isClosed = false
    private var failure: WireError?
    /// Whether the codec has told the peer that it broke the rules.
    private var hasFailed = false
    private var keepAlive = HTTP2KeepAlive()

    init(pool: OriginPool, limits: WireLimits) {
        self.pool = pool
        self.scheme = pool.origin.tls == nil ? "http" : "https"
        self.authority = pool.origin.authority
        self.limits = limits
        self.streamLimit = min(Self.presumedStreamLimit, limits.streamsPerConnection)
    }

    /// Receive window of each stream.
    private var streamWindow: Int { max(65_535, limits.bufferedBodyBytes) }

    // MARK: - Making one

    /// Adds the codec and the connection to a channel.
    static func install(on channel: any Channel, pool: OriginPool, limits: WireLimits) throws -> HTTP2ClientConnection {
        let connection = HTTP2ClientConnection(pool: pool, limits: limits)
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .enablePush, value: 0),
            HTTP2Setting(parameter: .initialWindowSize, value: connection.streamWindow),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytes),
        ]
        // A server may reset as many streams as we open; only a client that does so is up to something.
        var streams = NIOHTTP2Handler.StreamConfiguration()
        streams.streamResetFrameRateLimit.maximumCount = .max
        let codec = NIOHTTP2Handler(
            mode: .client, frameDelegate: connection, connectionConfiguration: configuration, streamConfiguration: streams)
        try channel.pipeline.syncOperations.addHandlers([codec, connection])
        return connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        channelContext = context
        write(.windowUpdate(windowSizeIncrement: Self.connectionWindowBytes - 65_535), on: .rootStream)
        flushSoon()
        if let interval = limits.clientPingInterval { scheduleKeepAlive(interval) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { channelContext = nil }

    // MARK: - From the pool

    func start(_ exchange: ClientExchange) {
        guard let channelContext, !isClosed else {
            return exchange.failed(WireError(.connectionClosed, "the connection is closed"))
        }
        let headers: HPACKHeaders
        do throws(WireError) {
            headers = try HPACKHeaders(request: exchange.head, scheme: scheme, authority: authority)
        } catch {
            let malformed = error
            pool.streamClosed(.http2(self))
            return channelContext.eventLoop.execute { exchange.failed(malformed) }
        }
        let id = HTTP2StreamID(nextStreamID)
        nextStreamID += 2
        if nextStreamID > Int(Int32.max) - 2 { stopAccepting() }
        let stream = HTTP2ClientStream(
            id: id, exchange: exchange, connection: self, window: streamWindow, outboundLimit: limits.bufferedBodyBytes)
        streams[id] = stream
        write(.headers(.init(headers: headers, endStream: !exchange.hasBody)), on: id)
        // The codec refuses a head that is no valid HTTP/2 at once.
        guard streams[id] != nil else { return }
        if !exchange.hasBody { flushSoon() }
        exchange.attached(to: stream)
    }

    func close() {
        guard let channelContext, !isClosed else { return }
        noteClosed()
        write(.goAway(lastStreamID: .rootStream, errorCode: .noError, opaqueData: nil), on: .rootStream)
        channelContext.close(promise: nil)
    }

    private func noteClosed() {
        guard !isClosed else { return }
        isClosed = true
        pool.closed(.http2(self))
    }

    private func stopAccepting() {
        guard isAccepting else { return }
        isAccepting = false
        pool.stoppedAccepting(.http2(self))
    }

    // MARK: - From the streams

    func write(_ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID) {
        channelContext?.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: nil)
    }

    /// Flushes once for all that this turn of the loop writes: requests that come in together leave in
    /// one packet.
    func flushSoon() {
        guard !isFlushScheduled, let channelContext else { return }
        isFlushScheduled = true
        channelContext.eventLoop.execute { [self] in
            isFlushScheduled = false
            self.channelContext?.flush()
            tellUnblocked()
        }
    }

    func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard streams[id] != nil, !isClosed else { return }
        write(.rstStream(code), on: id)
        flushSoon()
    }

    private func tellUnblocked() {
        guard !unblocked.isEmpty else { return }
        let streams = unblocked
        unblocked = []
        for stream in streams { stream.exchange?.writabilityChanged(true) }
    }

    // MARK: - Frames

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        keepAlive.activity()
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let payload):
            guard let stream = batched(frame.streamID) else { return }
            stream.received(payload.headers, endsStream: payload.endStream)
        case .data(let payload):
            guard let stream = batched(frame.streamID), case .byteBuffer(let bytes) = payload.data else { return }
            let padding = payload.paddingBytes.map { $0 + 1 } ?? 0
            stream.received(bytes, flowControlledBytes: bytes.readableBytes + padding, endsStream: payload.endStream)
        case .rstStream(let code):
            streamReset(frame.streamID, HTTP2StreamReset(code))
        case .goAway(let lastStreamID, _, _):
            peerIsLeaving(lastStreamID)
        case .settings(.settings(let settings)):
            if let limit = settings.last(where: { $0.parameter == .maxConcurrentStreams })?.value {
                streamLimit = min(limit, limits.streamsPerConnection)
                pool.streamLimitChanged(.http2(self), to: streamLimit)
            }
        default:
            break
        }
    }

    private func batched(_ id: HTTP2StreamID) -> HTTP2ClientStream? {
        guard let stream = streams[id] else { return nil }
        if !stream.isInReadBatch {
            stream.isInReadBatch = true
            readBatch.append(stream)
        }
        return stream
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        let batch = readBatch
        readBatch.removeAll(keepingCapacity: true)
        for stream in batch {
            stream.isInReadBatch = false
            stream.exchange?.responseBatchEnded()
        }
        tellUnblocked()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { tellUnblocked() }

    private func streamReset(_ id: HTTP2StreamID, _ reset: HTTP2StreamReset) {
        guard let stream = streams[id] else { return }
        let error = reset.wireError
        if error.code == .refused {
            refuse(stream, error)
        } else {
            stream.fail(error)
        }
    }

    /// GOAWAY: streams above `last` were never looked at (RFC 9113 section 6.8).
    private func peerIsLeaving(_ last: HTTP2StreamID) {
        stopAccepting()
        let ignored = streams.values.filter { $0.id > last }
        for stream in ignored {
            refuse(stream, WireError(.refused, "the peer is closing the connection and did not take the request"))
        }
        if streams.isEmpty { close() }
    }

    /// The peer did nothing for this request, so it may go out again if it is all there.
    private func refuse(_ stream: HTTP2ClientStream, _ error: WireError) {
        guard let exchange = stream.exchange else { return }
        if exchange.isReplayable(wasRefused: true), let exchange = stream.release() {
            pool.retry(exchange)
        } else {
            stream.fail(error)
        }
    }

    // MARK: - Events of the codec

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The codec reports every stream in events of several types; comparing types first keeps this from
        // being a chain of failing casts.
        let type = type(of: event)
        if type == NIOHTTP2WindowUpdatedEvent.self {
            guard let event = event as? NIOHTTP2WindowUpdatedEvent, event.streamID == .rootStream else { return }
            windowChanged(event.inboundWindowSize)
        } else if type == StreamClosedEvent.self, let event = event as? StreamClosedEvent {
            streamEnded(event.streamID, WireError(.connectionClosed, "the stream was closed"))
        }
    }

    private func windowChanged(_ size: Int?) {
        guard let size, size < Self.connectionWindowBytes / 2, !isClosed else { return }
        write(.windowUpdate(windowSizeIncrement: Self.connectionWindowBytes - size), on: .rootStream)
        flushSoon()
    }

    private func streamEnded(_ id: HTTP2StreamID, _ error: WireError) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        if stream.exchange != nil, let channelContext {
            // The codec says first that it closed the stream, and then why.
            closedStream = stream
            channelContext.eventLoop.assumeIsolated().execute { [self] in
                stream.fail(error)
                if closedStream === stream { closedStream = nil }
            }
        }
        if !isClosed { pool.streamClosed(.http2(self)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? NIOHTTP2Errors.StreamError {
            let id = error.streamID
            let stream = streams[id] ?? (closedStream?.id == id ? closedStream : nil)
            stream?.fail(WireError(.malformed, "the request or its response is not valid HTTP/2", cause: error.baseError))
            return streamEnded(id, WireError(.malformed, "the stream is not valid HTTP/2"))
        }
        // An error of one stream may also come bare; before one that ends the connection the codec has
        // written GOAWAY.
        if error is any NIOHTTP2Error, !hasFailed, !(error is NIOHTTP2Errors.RaisedGoawayLastStreamID) {
            closedStream?.fail(WireError(.malformed, "the response is not valid HTTP/2", cause: error))
            return
        }
        failure =
            error is any NIOHTTP2Error
            ? WireError(.malformed, "the peer does not speak HTTP/2 properly", cause: error)
            : WireError(.connectionClosed, "the connection broke", cause: error)
        noteClosed()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        noteClosed()
        let orphans = streams.values.sorted { $0.id < $1.id }
        streams = [:]
        let error = failure ?? WireError(.connectionClosed, "the peer closed the connection")
        for stream in orphans {
            // A connection that served others before may just have been idle for too long.
            if failure == nil, nextStreamID > 3, !stream.hasBegunResponse, let exchange = stream.exchange,
                exchange.isReplayable(wasRefused: false), stream.release() != nil
            {
                pool.retry(exchange)
            } else {
                stream.fail(error)
            }
        }
    }

    // MARK: - Keepalive

    private func scheduleKeepAlive(_ interval: TimeAmount) {
        channelContext?.eventLoop.scheduleTask(in: interval) { [weak self] in
            guard let self, !isClosed else { return }
            switch keepAlive.tick(hasStreams: !streams.isEmpty) {
            case .none: scheduleKeepAlive(interval)
            case .ping:
                write(.ping(HTTP2PingData(), ack: false), on: .rootStream)
                flushSoon()
                scheduleKeepAlive(limits.clientPingTimeout)
            case .close:
                failure = WireError(.connectionClosed, "the peer did not answer a ping in time")
                close()
            }
        }
    }
}

extension HTTP2ClientConnection: NIOHTTP2FrameDelegate {
    /// The codec let a frame through. Who waits hears of it later: the codec must not be entered from here.
    func wroteFrame(_ frame: HTTP2Frame) {
        switch frame.payload {
        case .data(let payload):
            guard let stream = streams[frame.streamID] else { return }
            if stream.sent(payload.data.readableBytes) { unblocked.append(stream) }
        case .goAway(_, let code, _): if code != .noError { hasFailed = true }
        default: break
        }
    }
}
