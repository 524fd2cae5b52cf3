import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// An HTTP/2 connection that a client made; sits behind NIOHTTP2's codec and gives each stream to an
/// exchange. Confined to its event loop, hence the unchecked Sendable.
///
/// Works on the codec's frames rather than on its stream channels: a channel per stream, with a pipeline
/// and promises of its own, would cost more than everything else a request does here.
final class HTTP2ServerConnection: ChannelInboundHandler, ServerConnection, @unchecked Sendable {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    enum Phase {
        case serving
        /// GOAWAY with the highest stream id is sent; when our PING comes back, the client has seen it.
        case announcing
        /// The last stream we serve is told; we wait for those under way.
        case draining
        /// Our last byte is sent.
        case lingering
        case closed
    }

    let shard: ListenerShard
    var shardIndex = -1
    private var context: ChannelHandlerContext?
    private let gate: HTTP2ByteGate

    private(set) var phase = Phase.serving
    private var streams: [HTTP2StreamID: HTTP2ServerStream] = [:]
    /// Streams whose head came in this read burst without their end.
    private var unhandled: [HTTP2ServerStream] = []
    private var lastStreamID = HTTP2StreamID.rootStream

    /// Received bytes that no consumer has taken yet, over all streams.
    var withheldBytes = 0
    private var inboundWindowBytes = 65_535
    /// Bytes given to the codec that are not on the wire, over all streams.
    var pendingBytes = 0

    private var hasReceivedSettings = false
    private var hasFailed = false
    private var isInReadBurst = false
    private var isFlushScheduled = false
    /// Streams to be reset or unblocked once the codec is out of its own code.
    private var dueResets: [HTTP2ServerStream] = []
    private var dueUnblocks: [HTTP2ServerStream] = []
    private var resets: ResetCounter
    /// The tick at which the connection became idle, or the present wait began.
    private var waitingSince: UInt32

    private static let drainPing = HTTP2PingData(withInteger: 0x6d65_6368_6164_7261)
    private static let announceTimeout = TimeAmount.seconds(1)
    private static let lingerTimeout = TimeAmount.seconds(2)

    init(shard: ListenerShard, gate: HTTP2ByteGate) {
        self.shard = shard
        self.gate = gate
        resets = ResetCounter(limit: shard.limits.resetsPerWindow)
        waitingSince = shard.tick
    }

    // MARK: - Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        shard.remove(self)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInReadBurst = true
        let frame = unwrapInboundIn(data)
        guard phase != .lingering, phase != .closed else { return }
        switch frame.payload {
        case .headers(let payload): received(payload, on: frame.streamID)
        case .data(let payload): received(payload, on: frame.streamID)
        case .rstStream: peerReset(frame.streamID)
        case .ping(Self.drainPing, ack: true): if phase == .announcing { announceLastStream() }
        case .settings: hasReceivedSettings = true
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // The codec flushed what was written during the burst before it told us of the end.
        isInReadBurst = false
        if !unhandled.isEmpty {
            let streams = unhandled
            unhandled.removeAll(keepingCapacity: true)
            for stream in streams { stream.handOver() }
        }
        settle()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        let type = type(of: event)
        // The codec reports in events of four types, several per request; comparing types first keeps
        // this from being a chain of failing casts.
        if type == NIOHTTP2WindowUpdatedEvent.self {
            if let event = event as? NIOHTTP2WindowUpdatedEvent, event.streamID == .rootStream {
                windowChanged(event.inboundWindowSize)
            }
        } else if type == StreamClosedEvent.self {
            if let event = event as? StreamClosedEvent { streamClosed(event) }
        } else if type == NIOHTTP2StreamCreatedEvent.self || type == NIOHTTP2BulkStreamWindowChangeEvent.self {
            return
        } else if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            // HTTP/2 has GOAWAY to say that no requests follow; a closed connection is the end of everything.
            close()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        shard.remove(self)
        failStreams(WireError(.connectionClosed, "the client closed the connection"))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        for stream in streams.values { stream.channelWritabilityChanged(isWritable) }
        settle()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOHTTP2Errors.MaxStreamsViolation { shard.observer.limitExceeded(.streamsPerConnection) }
        if error is NIOHTTP2Errors.ExcessiveRSTFrames { shard.observer.limitExceeded(.resets) }
        if error is NIOHTTP2Errors.ExcessiveControlFrames { shard.observer.limitExceeded(.controlFrames) }
        if error is NIOHTTP2Errors.ExcessivelyLargeHeaderBlock { shard.observer.limitExceeded(.headerBytes) }
        // Errors of one stream come here too; the codec has reset the stream then. Before one that ends
        // the connection it has written GOAWAY, unless an earlier one of ours stood in the way.
        let isOfOneStream = error is NIOHTTP2Errors.StreamError || error is any NIOHTTP2Error
        guard hasFailed || !isOfOneStream || error is NIOHTTP2Errors.RaisedGoawayLastStreamID else { return }
        finish(failing: WireError(.malformed, "the client broke the rules of HTTP/2", cause: error))
    }

    // MARK: - Requests

    private func received(_ payload: HTTP2Frame.FramePayload.Headers, on id: HTTP2StreamID) {
        if let stream = streams[id] {
            // The codec lets a second block through only as trailers.
            guard let trailers = HTTPHeaders(http2RequestTrailers: payload.headers) else {
                stream.fail(WireError(.malformed, "the request's trailers hold what trailers must not"))
                return reset(stream, .protocolError)
            }
            return stream.requestEnded(trailers: trailers)
        }
        lastStreamID = max(lastStreamID, id)
        resets.streamOpened()
        let request = HTTP2RequestSummary(payload.headers)
        let stream = HTTP2ServerStream(id: id, connection: self, request: request)
        streams[id] = stream
        if let refusal = refusal(of: request) {
            if payload.endStream { stream.requestEnded(trailers: nil) }
            return refuse(stream, refusal)
        }
        stream.begin(payload.headers)
        if payload.endStream { stream.requestEnded(trailers: nil) } else { unhandled.append(stream) }
    }

    private enum Refusal {
        case status(HTTPResponseStatus)
        case malformed, overloaded
    }

    private func refusal(of request: HTTP2RequestSummary) -> Refusal? {
        if request.listBytes > shard.limits.headerBytes {
            shard.observer.limitExceeded(.headerBytes)
            return .status(.requestHeaderFieldsTooLarge)
        }
        if request.flaw != nil { return .malformed }
        if request.isCONNECT { return .status(.notImplemented) }
        if pendingBytes > shard.limits.pendingConnectionBytes {
            shard.observer.limitExceeded(.pendingConnectionBytes)
            return .overloaded
        }
        return nil
    }

    private func refuse(_ stream: HTTP2ServerStream, _ refusal: Refusal) {
        switch refusal {
        case .status(let status): stream.sendWhole(status, [:], body: nil)
        case .malformed: reset(stream, .protocolError)
        case .overloaded: reset(stream, .refusedStream)
        }
    }

    private func received(_ payload: HTTP2Frame.FramePayload.Data, on id: HTTP2StreamID) {
        guard let stream = streams[id], case .byteBuffer(let chunk) = payload.data else { return }
        let padding = payload.paddingBytes.map { $0 + 1 } ?? 0
        stream.received(chunk, flowBytes: chunk.readableBytes + padding)
        if payload.endStream { stream.requestEnded(trailers: nil) } else { stream.returnWindowIfDue() }
    }

    private func peerReset(_ id: HTTP2StreamID) {
        if let stream = streams.removeValue(forKey: id) {
            stream.closed(WireError(.cancelled, "the client cancelled the request"))
            streamsChanged()
        }
        if resets.resetReceived(window: shard.window(of: shard.limits.resetWindow)) {
            shard.observer.limitExceeded(.resets)
            fail(.enhanceYourCalm)
        }
    }

    private func streamClosed(_ event: StreamClosedEvent) {
        guard let stream = streams.removeValue(forKey: event.streamID) else { return }
        stream.closed(WireError(.cancelled, "the stream was reset"))
        streamsChanged()
    }

    private func failStreams(_ error: WireError) {
        let ended = streams
        streams = [:]
        unhandled = []
        dueResets = []
        dueUnblocks = []
        for stream in ended.values { stream.closed(error) }
    }

    private func streamsChanged() {
        guard streams.isEmpty else { return }
        waitingSince = shard.tick
        if phase == .draining { finish(failing: nil) }
    }

    // MARK: - Flow control

    /// The codec counted received bytes against the connection's window.
    private func windowChanged(_ size: Int?) {
        guard let size else { return }
        inboundWindowBytes = size
        widenWindow()
    }

    /// A stream's bytes were consumed, or the stream is gone.
    func returnWindow(_ bytes: Int) {
        guard bytes > 0 else { return }
        withheldBytes -= bytes
        widenWindow()
    }

    /// Gives the peer new window for the connection as long as its streams' consumers keep up.
    private func widenWindow() {
        let target = shard.limits.connectionWindowBytes
        guard hasReceivedSettings, inboundWindowBytes <= target / 2, withheldBytes < target, phase != .lingering, phase != .closed
        else { return }
        let increment = target - inboundWindowBytes
        inboundWindowBytes = target
        write(.windowUpdate(windowSizeIncrement: increment), on: .rootStream)
        flush()
    }

    // MARK: - Writing

    func write(_ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID) {
        context?.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: nil)
    }

    var isChannelWritable: Bool { context?.channel.isWritable ?? false }
    var peerAddress: SocketAddress? { context?.channel.remoteAddress }

    /// Makes what is written leave: with the rest of the read burst; at the end of this turn of the loop
    /// when other streams may have something to add; else at once.
    func flush() {
        guard !isInReadBurst, !isFlushScheduled else { return }
        guard streams.count > 1 else { return flushNow() }
        isFlushScheduled = true
        shard.context.loop.execute { [self] in
            isFlushScheduled = false
            flushNow()
        }
    }

    func flushNow() {
        context?.flush()
        if !isInReadBurst { settle() }
    }

    func reset(_ stream: HTTP2ServerStream, _ code: HTTP2ErrorCode) {
        guard streams[stream.id] === stream else { return }
        write(.rstStream(code), on: stream.id)
        flush()
    }

    /// Does what could not be done while the codec was at work.
    private func settle() {
        while let stream = dueResets.popLast() { reset(stream, .noError) }
        while let stream = dueUnblocks.popLast() { stream.unblock() }
    }

    // MARK: - Closing

    /// Ends the connection for what the client did.
    private func fail(_ code: HTTP2ErrorCode) {
        guard phase != .lingering, phase != .closed else { return }
        write(.goAway(lastStreamID: lastStreamID, errorCode: code, opaqueData: nil), on: .rootStream)
        finish(failing: WireError(.malformed, "the client was disconnected"))
    }

    /// Sends what is written, closes our side and waits for the peer's.
    private func finish(failing error: WireError?) {
        guard phase != .lingering, phase != .closed, let context else { return }
        phase = .lingering
        waitingSince = shard.tick
        if let error { failStreams(error) }
        context.flush()
        gate.shut()
        context.close(mode: .output, promise: nil)
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        context?.close(promise: nil)
    }

    func drain() {
        guard phase == .serving else { return }
        phase = .announcing
        waitingSince = shard.tick
        // Told of this frame, the codec would count the connection as over whenever no stream is open, and
        // break it off on the requests that the client sends before it has read the frame.
        gate.sendGoAwayOfHighestStream()
        write(.ping(Self.drainPing, ack: false), on: .rootStream)
        flushNow()
    }

    private func announceLastStream() {
        phase = .draining
        waitingSince = shard.tick
        write(.goAway(lastStreamID: lastStreamID, errorCode: .noError, opaqueData: nil), on: .rootStream)
        flushNow()
        if streams.isEmpty { finish(failing: nil) }
    }

    func sweep() {
        let limits = shard.limits
        switch phase {
        case .announcing where shard.hasPassed(Self.announceTimeout, since: waitingSince): announceLastStream()
        case .lingering where shard.hasPassed(Self.lingerTimeout, since: waitingSince): close()
        case .serving where !hasReceivedSettings && shard.hasPassed(limits.headerReadTimeout, since: waitingSince):
            shard.observer.limitExceeded(.headerReadTimeout)
            fail(.settingsTimeout)
        case .serving where streams.isEmpty && shard.hasPassed(limits.idleTimeout, since: waitingSince):
            shard.observer.limitExceeded(.idleTimeout)
            fail(.noError)
        case .serving, .draining, .announcing: for stream in streams.values { stream.sweep() }
        case .lingering, .closed: break
        }
    }
}

extension HTTP2ServerConnection: NIOHTTP2FrameDelegate {
    /// Hears what the codec really sends, in the middle of its work: only notes.
    func wroteFrame(_ frame: HTTP2Frame) {
        switch frame.payload {
        case .data(let payload):
            let bytes = payload.data.readableBytes
            pendingBytes -= bytes
            guard let stream = streams[frame.streamID] else { return }
            if stream.wrote(bytes) { dueUnblocks.append(stream) }
            if payload.endStream { responseSent(stream) }
        case .headers(let payload) where payload.endStream:
            if let stream = streams[frame.streamID] { responseSent(stream) }
        case .goAway(_, let code, _): if code != .noError { hasFailed = true }
        default: break
        }
    }

    /// The response is out before the request is in: the client is told that it need not go on (RFC 9113
    /// section 8.1).
    private func responseSent(_ stream: HTTP2ServerStream) {
        if !stream.isRequestComplete { dueResets.append(stream) }
    }
}
